"""Devices of listeners on a running mesh, through the edge or straight to one instance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from grpc.aio import EOF
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from localmesh.discovery import find_mesh
from localmesh.layout import Layout
from meshkit.clients import interceptors
from meshkit.credentials import client_credentials, server_name
from meshkit.faults import Aborted, Fault, NotFound, Unavailable
from player.mesh_client import MeshClient
from tests.mesh.mesh_processes import PATIENCE_S

PLAYING = playback_pb2.Playback.PLAYING
CUT = (Unavailable, NotFound)
"""What ends a stream whose instance dies, or whose session is another now."""

# An instance that is started again is called again at once.
_BACK_SOON = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 300),
]
_RETRY_S = 0.05
_STEP_S = 30.0


@asynccontextmanager
async def instance_channel(
    folder: Path, service: str, index: int
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to one instance of a service, as the edge would open it."""
    files = client_credentials(Layout.at(folder).tls, "edge")
    secrets = grpc.ssl_channel_credentials(
        files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
    )
    options = [("grpc.ssl_target_name_override", server_name(service)), *_BACK_SOON]
    target = find_mesh(folder).services[service][index]
    async with grpc.aio.secure_channel(
        target, secrets, options=options, interceptors=interceptors()
    ) as channel:
        yield channel


async def until_acknowledged(client: MeshClient, method: Any, request: Any) -> Any:
    """The answer to a command that is repeated under one request_id until it is acknowledged.

    Failures other than UNAVAILABLE and ABORTED are raised.
    """
    request.request_id = str(uuid4())
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await client.call(method, request)
            except (Unavailable, Aborted):
                await asyncio.sleep(_RETRY_S)


def heartbeat(
    session: Any,
    seq: int,
    position_ms: int,
    *,
    rung: str = "128",
    measurements: Any = None,
    offline: bool = False,
) -> playback_pb2.Heartbeat:
    """A beat of a session that plays."""
    return playback_pb2.Heartbeat(
        epoch=session.epoch,
        revision=session.revision,
        seq=seq,
        position_ms=position_ms,
        status=PLAYING,
        rung=rung,
        measurements=measurements,
        offline=offline,
    )


class HeartbeatStream:
    """The stream of one device; every step fails when nothing comes for half a minute.

    It reads all the time, as a device does: what the server says last is lost to a reader that
    begins only after its own write has failed.
    """

    def __init__(self, call: Any, session: Any, device_id: str) -> None:
        self._call = call
        self._session = session
        self._device_id = device_id
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    async def hello(self) -> Any:
        """Opens the stream; the first message of the server."""
        hello = pb.StreamHeartbeatsRequest.Hello(
            playback_id=self._session.playback_id, device_id=self._device_id
        )
        await self._say(pb.StreamHeartbeatsRequest(hello=hello))
        return await self.read()

    async def beat(self, seq: int, position_ms: int = 1_000, **told: Any) -> Any:
        """Sends a beat, with what else is ``told``; what the server says next."""
        beat = heartbeat(self._session, seq, position_ms, **told)
        await self._say(pb.StreamHeartbeatsRequest(heartbeat=beat))
        return await self.read()

    def goes_on_with(self, session: Any) -> None:
        """From now on, beats are of this epoch and revision."""
        self._session = session

    async def read(self) -> Any:
        """The next message of the server, EOF at the end. Raises faults."""
        async with asyncio.timeout(_STEP_S):
            heard = await self._heard.get()
        if isinstance(heard, Fault):
            raise heard
        return heard

    async def _say(self, request: pb.StreamHeartbeatsRequest) -> None:
        # To write on a stream that the server has ended is an error; why it ended, is read.
        with suppress(asyncio.InvalidStateError):
            await self._call.write(request)

    async def _listen(self) -> None:
        heard: Any = None
        while heard is not EOF:
            try:
                heard = await self._call.read()
            except Fault as fault:
                self._heard.put_nowait(fault)
                return
            self._heard.put_nowait(heard)

    async def close(self) -> None:
        """Lets go of the stream."""
        self._call.cancel()
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening


async def open_stream(
    client: MeshClient, session: Any, device_id: str, stub: Any = None
) -> HeartbeatStream:
    """A stream through the edge, or through ``stub``; not yet greeted."""
    stub = stub or client.heartbeats
    call = stub.StreamHeartbeats(metadata=await client.metadata())
    return HeartbeatStream(call, session, device_id)
