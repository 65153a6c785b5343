"""Imports and exports of playlist files on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from google.api.httpbody_pb2 import HttpBody
from segue.playlist.v1 import transfer_service_pb2 as pb
from segue.playlist.v1 import transfer_service_pb2_grpc as pb_grpc

from meshkit.faults import DeadlineExceeded, Fault, Unavailable
from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.stream_ends import OpenStream, unless_stopped
from meshkit.streams import OpenStreams
from playlist_svc.convert import details
from playlist_svc.convert import transfer as convert
from playlist_svc.domain.formats import Format
from playlist_svc.usecases.transfer.export_playlist import ExportPlaylist
from playlist_svc.usecases.transfer.import_playlist import ImportCommand, ImportPlaylist

CHUNK_BYTES = 64 * 1024


class TransferServicer(pb_grpc.TransferServiceServicer):
    """``TransferService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self, import_playlist: ImportPlaylist, export_playlist: ExportPlaylist, streams: OpenStreams
    ) -> None:
        self._import_playlist = import_playlist
        self._export_playlist = export_playlist
        self._streams = streams

    def ImportPlaylist(
        self, request: pb.ImportPlaylistRequest, context: Context
    ) -> AsyncIterator[pb.ImportPlaylistResponse]:
        principal = current_principal()

        async def steps(stream: OpenStream) -> AsyncGenerator[pb.ImportPlaylistResponse, None]:
            command = await _command(request, principal.user_id)
            work = unless_stopped(stream.stop, self._import_playlist(command))
            begun = False
            try:
                async with aclosing(work) as done:
                    async for step in done:
                        if step.playlist_id:
                            stream.conclude()
                        begun = True
                        yield convert.progress(step)
            except Fault as fault:
                if not begun or isinstance(fault, Unavailable | DeadlineExceeded):
                    raise
                stream.conclude()
                yield convert.failed(fault)

        return self._streams.told(pb.ImportPlaylistResponse, steps, principal=principal)

    async def ExportPlaylist(
        self, request: pb.ExportPlaylistRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        exported = await self._export_playlist(
            request.playlist_id,
            current_principal().user_id,
            convert.file_format(request.format) or Format.M3U8,
            request.snapshot_id,
        )
        disposition = convert.content_disposition(exported)
        await context.send_initial_metadata((("content-disposition", disposition),))
        content_type = exported.file_format.content_type
        for start in range(0, len(exported.content), CHUNK_BYTES):
            chunk = exported.content[start : start + CHUNK_BYTES]
            yield HttpBody(content_type=content_type if start == 0 else "", data=chunk)


async def _command(request: pb.ImportPlaylistRequest, user_id: str) -> ImportCommand:
    """What to import. Raises InvalidArgument."""
    return ImportCommand(
        user_id=user_id,
        content=request.content,
        file_format=convert.file_format(request.format),
        title=details.new_title(request),
        visibility=details.new_visibility(request),
        # The digest of 3 MB takes milliseconds in which nobody else would be served.
        key=await asyncio.to_thread(request_key, request),
    )
