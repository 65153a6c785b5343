"""A mesh of one process that knows devices, sessions and beats, over real gRPC streams.

It is as simple as the contract allows: one state, one mailbox, no limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import grpc
from google.rpc import status_pb2
from segue.device.v1 import device_pb2, device_service_pb2, device_service_pb2_grpc
from segue.playback.v1 import playback_pb2, playback_service_pb2, playback_service_pb2_grpc

from meshkit.clients import interceptors
from meshkit.faults import FailedPrecondition
from meshkit.status import grpc_code_of, status_of

KIND = device_pb2.Command.Kind
STATUS = playback_pb2.Playback.Status
DEVICE = "kitchen"
LENGTH_MS = 25_300
_CONNECT = device_service_pb2.ConnectResponse
_BEATS = playback_service_pb2.StreamHeartbeatsResponse


class FakeMesh(
    device_service_pb2_grpc.DeviceServiceServicer,
    playback_service_pb2_grpc.PlaybackServiceServicer,
    playback_service_pb2_grpc.HeartbeatServiceServicer,
):
    """``tracks`` are left to be played; ``applied`` is what the device said of each number."""

    def __init__(self, stream_url: str, tracks: int = 1) -> None:
        self.stream_url = stream_url
        self.tracks = tracks
        self.playback = playback_pb2.Playback()
        self.mailbox: list[Any] = []
        self.applied: dict[int, Any] = {}
        self.hellos: list[Any] = []
        self.beats: list[tuple[str, Any]] = []
        self.tokens: list[str] = []
        self.calls: list[str] = []
        self.streams: list[asyncio.Queue[Any]] = []
        self.refusals: list[Exception] = []
        # Where it is set, beats tell that the session is over, and Advance answers after the event.
        self.advance_answers: asyncio.Event | None = None
        self._over = asyncio.Event()
        self.last_known = 0
        self._plays = 0

    def state(self, **changes: Any) -> Any:
        """The next state of the playback; the revision rises by one."""
        playback = playback_pb2.Playback()
        playback.CopyFrom(self.playback)
        playback.revision += 1
        playback.MergeFrom(playback_pb2.Playback(**changes))
        if "position_ms" in changes:
            playback.position_ms = changes["position_ms"]
        self.playback = playback
        return playback

    def new_play(self, device_id: str = DEVICE, **changes: Any) -> Any:
        """Another track starts in the session; in a new one where a playback_id is given."""
        self._plays += 1
        return self.state(
            status=STATUS.PLAYING,
            device_id=device_id,
            play_id=f"play-{self._plays}",
            track={"id": "T", "title": f"Track {self._plays}", "duration_ms": LENGTH_MS},
            **{"position_ms": 0, **changes},
        )

    def send(self, kind: Any, target: Any = None, *, stream: bool = False, **fields: Any) -> int:
        """Puts a command into the mailbox and delivers it; its number."""
        command = device_pb2.Command(number=len(self.mailbox) + 1, kind=kind, **fields)
        if target is not None:
            command.target.CopyFrom(target)
        if stream:
            command.stream.stream_url = self.stream_url
        self.mailbox.append(command)
        for each in self.streams:
            each.put_nowait(_CONNECT(command=command))
        return command.number

    def say(self, message: Any) -> None:
        """Sends something else down the device's stream; an exception cuts it."""
        for each in self.streams:
            each.put_nowait(message)

    async def Connect(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        hello = (await anext(requests)).hello
        self.hellos.append(hello)
        if self.refusals:
            await _refuse(context, self.refusals.pop(0))
        outgoing: asyncio.Queue[Any] = asyncio.Queue()
        self.streams.append(outgoing)
        reading = asyncio.create_task(self._read(requests))
        try:
            self.last_known = max(self.last_known, hello.last_applied)
            welcome = device_service_pb2.ConnectResponse(welcome={"last_applied": self.last_known})
            if self.playback.revision:
                welcome.welcome.playback.CopyFrom(self.playback)
                welcome.welcome.stream.stream_url = self.stream_url
            yield welcome
            for command in self.mailbox[hello.last_applied :]:
                yield _CONNECT(command=command)
            while True:
                message = await outgoing.get()
                if isinstance(message, Exception):
                    await _refuse(context, message)
                yield message
                if message.HasField("end"):
                    return
        finally:
            reading.cancel()
            self.streams.remove(outgoing)

    async def _read(self, requests: Any) -> None:
        async for request in requests:
            if request.HasField("applied"):
                self.applied[request.applied.number] = request.applied
                self.last_known = max(self.last_known, request.applied.number)
            elif request.access_token:
                self.tokens.append(request.access_token)

    async def StreamHeartbeats(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        playback_id = (await anext(requests)).hello.playback_id
        yield _BEATS(ack={"seq": 0})
        if self.advance_answers is not None:
            await self._over.wait()
            yield _BEATS(session_end={"reason": "FINISHED"})
            return
        async for request in requests:
            if request.HasField("heartbeat"):
                self.beats.append((playback_id, request.heartbeat))
                yield _BEATS(ack={"seq": request.heartbeat.seq})

    async def Advance(self, request: Any, context: Any) -> Any:
        self.calls.append("Advance")
        if self.advance_answers is not None:
            self._over.set()
            await self.advance_answers.wait()
        if self.refusals:
            await _refuse(context, self.refusals.pop(0))
        answer = playback_service_pb2.AdvanceResponse
        if request.play_id == self.playback.play_id:
            self.tracks -= 1
            if not self.tracks:
                target = self.state(status=STATUS.STOPPED, ended_by="FINISHED")
                self.send(KIND.STOP, target)
                return answer(**self._session(), ended=True)
            self.send(KIND.ADVANCE, self.new_play(), stream=True)
        return answer(**self._start())

    async def Pause(self, request: Any, context: Any) -> Any:
        self.calls.append("Pause")
        target = self.state(status=STATUS.PAUSED)
        self.send(KIND.PAUSE, target)
        return playback_service_pb2.PauseResponse(revision=target.revision)

    async def Resume(self, request: Any, context: Any) -> Any:
        self.calls.append("Resume")
        if self.refusals:
            await _refuse(context, self.refusals.pop(0))
        return playback_service_pb2.ResumeResponse(
            revision=self.playback.revision, stream_url=self.stream_url
        )

    async def Stop(self, request: Any, context: Any) -> Any:
        self.calls.append("Stop")
        target = self.state(status=STATUS.STOPPED)
        self.send(KIND.STOP, target)
        return playback_service_pb2.StopResponse(revision=target.revision)

    def _session(self) -> dict[str, Any]:
        now = self.playback
        return {"playback_id": now.playback_id, "epoch": now.epoch, "revision": now.revision}

    def _start(self) -> dict[str, Any]:
        now = self.playback
        start = {"stream_url": self.stream_url, "track": now.track, "play_id": now.play_id}
        return {**self._session(), **start}


async def _refuse(context: Any, fault: Any) -> None:
    if isinstance(fault, FailedPrecondition):
        details = (("grpc-status-details-bin", status_of(fault).SerializeToString()),)
        await context.abort(grpc_code_of(fault.reason), fault.message, details)
    code = grpc.StatusCode[str(fault)]
    said = status_pb2.Status(code=code.value[0], message="words")
    await context.abort(code, "words", (("grpc-status-details-bin", said.SerializeToString()),))


@dataclass
class FakeClient:
    """What a device asks of MeshClient, with tokens that live as long as they are told."""

    channel: grpc.aio.Channel
    token_life_s: float = 300.0
    issued: int = 0
    held: Any = None
    playback: Any = field(init=False)
    devices: Any = field(init=False)
    heartbeats: Any = field(init=False)

    def __post_init__(self) -> None:
        self.playback = playback_service_pb2_grpc.PlaybackServiceStub(self.channel)
        self.heartbeats = playback_service_pb2_grpc.HeartbeatServiceStub(self.channel)
        self.devices = device_service_pb2_grpc.DeviceServiceStub(self.channel)

    async def token(self) -> Any:
        if self.held is None or self.held.expires_at - time.time() < 60:
            self.issued += 1
            self.held = SimpleNamespace(
                text=f"token-{self.issued}", expires_at=time.time() + self.token_life_s
            )
        return self.held

    async def metadata(self) -> Any:
        return (("authorization", f"Bearer {(await self.token()).text}"),)

    async def call(self, method: Any, request: Any) -> Any:
        return await method(request, metadata=await self.metadata(), timeout=60)


@contextlib.asynccontextmanager
async def served_mesh(stream_url: str, tracks: int = 1) -> AsyncIterator[tuple[FakeMesh, Any]]:
    """The mesh behind a port of this machine, and a client of it."""
    mesh = FakeMesh(stream_url, tracks)
    server = grpc.aio.server()
    device_service_pb2_grpc.add_DeviceServiceServicer_to_server(mesh, server)
    playback_service_pb2_grpc.add_PlaybackServiceServicer_to_server(mesh, server)
    playback_service_pb2_grpc.add_HeartbeatServiceServicer_to_server(mesh, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", interceptors=interceptors()
        ) as channel:
            yield mesh, FakeClient(channel)
    finally:
        await server.stop(0)
