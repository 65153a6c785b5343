"""Imports and exports of playlist files on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from google.api.httpbody_pb2 import HttpBody
from segue.playlist.v1 import transfer_service_pb2 as pb
from segue.playlist.v1 import transfer_service_pb2_grpc as pb_grpc

from meshkit.faults import Fault, Unauthenticated
from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context
from playlist_svc.convert import details, fields
from playlist_svc.convert import transfer as convert
from playlist_svc.domain.formats import Format
from playlist_svc.servicers.stream_ends import Ending, Reason, StreamEnds
from playlist_svc.usecases.exporting import ExportPlaylist
from playlist_svc.usecases.importing_file import ImportCommand, ImportFile, Progress

CHUNK_BYTES = 64 * 1024
_IMPORT = "/segue.playlist.v1.TransferService/ImportPlaylist"
_SIGNED_OUT = {
    Reason.TOKEN_EXPIRED: "The access token has expired.",
    Reason.TOKEN_REVOKED: "The sign-in was revoked.",
}


class TransferServicer(pb_grpc.TransferServiceServicer):
    """``TransferService``: translates, and leaves decisions to the use cases."""

    def __init__(self, import_file: ImportFile, export: ExportPlaylist, ends: StreamEnds) -> None:
        self._import_file = import_file
        self._export = export
        self._ends = ends

    async def ImportPlaylist(
        self, request: pb.ImportPlaylistRequest, context: Context
    ) -> AsyncIterator[pb.ImportPlaylistResponse]:
        """See the contract."""
        principal = current_principal()
        command = ImportCommand(
            user_id=principal.user_id,
            content=request.content,
            file_format=convert.file_format(request.format),
            title=details.new_title(request),
            visibility=details.new_visibility(request),
            # The digest of 3 MB takes milliseconds in which nobody else would be served.
            key=await asyncio.to_thread(request_key, principal.user_id, _IMPORT, request),
        )
        last: Progress | None = None
        try:
            with self._ends.opened(principal) as ending:
                async with aclosing(self._import_file(command)) as steps:
                    async for last in steps:
                        yield convert.progress(last)
                        _require_token(ending)
        except Exception as error:
            if last is not None and not last.playlist_id:
                # Told in a message too: over HTTP/1.1 a status after the first one goes unseen.
                yield convert.failed(last, error if isinstance(error, Fault) else Fault("failed"))
            raise

    async def ExportPlaylist(
        self, request: pb.ExportPlaylistRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        """See the contract."""
        exported = await self._export(
            fields.ulid("playlist_id", request.playlist_id),
            current_principal().user_id,
            convert.file_format(request.format) or Format.M3U8,
            fields.optional_ulid("snapshot_id", request.snapshot_id),
        )
        disposition = convert.content_disposition(exported)
        await context.send_initial_metadata((("content-disposition", disposition),))
        content_type = exported.file_format.content_type
        for start in range(0, len(exported.content), CHUNK_BYTES):
            chunk = exported.content[start : start + CHUNK_BYTES]
            yield HttpBody(content_type=content_type if start == 0 else "", data=chunk)


def _require_token(ending: Ending) -> None:
    """Ends a stream whose sign-in has ended; a draining server lets an import come to its end."""
    if ending.stop.is_set() and ending.reason is not Reason.DRAINING:
        raise Unauthenticated(_SIGNED_OUT[ending.reason], reason=ending.reason.value)
