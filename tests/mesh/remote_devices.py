"""Devices that hold streams: they obey commands, keep a log of them, beat, and always come back."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from grpc.aio import EOF
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb
from segue.mesh.v1.stream_end_pb2 import StreamEnd

from player.mesh_client import MeshClient
from tests.mesh.devices import CUT, PLAYING, open_stream
from tests.mesh.mesh_processes import until
from tests.mesh.playback_kills import beside

END = StreamEnd
_DONE = device_pb2.Command.DONE
_AGAIN_S = 0.1
_BEAT_S = 0.4
# A word that was lost with the instance that had to pass it on is missed within a minute.
CATCHES_UP_S = 150.0


@dataclass(slots=True)
class Held:
    """What a device believes to play, as beats tell it; times of the monotonic clock."""

    playback_id: str = ""
    epoch: int = 0
    revision: int = 0
    play_id: str = ""
    playing: bool = False
    position_ms: int = 0
    duration_ms: int = 0
    since: float = 0.0

    def position_now(self) -> int:
        """Where the device is, in milliseconds."""
        position_ms = self.position_ms + int((time.monotonic() - self.since) * 1000)
        return min(position_ms, self.duration_ms)


@dataclass(slots=True)
class RemoteDevice:
    """A device of a user. ``log`` is what it obeyed, in order; ``told_ms`` what it told of a play.

    ``told_ms`` has the last position that was acknowledged, by play_id.
    """

    client: MeshClient
    device_id: str
    stubs: Sequence[Any]
    """Which ways it takes to the service, in turn: DeviceService stubs."""
    log: list[Any] = field(default_factory=list)
    told_ms: dict[str, int] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=list)
    welcomes: list[Any] = field(default_factory=list)
    reconnects: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    held: Held = field(default_factory=Held)

    @property
    def last_applied(self) -> int:
        """The number of the command that it obeyed last."""
        return int(self.log[-1].number) if self.log else 0

    async def stay_connected(self) -> None:
        """Holds one stream after the other until cancelled, or another one takes its place."""
        for stub in itertools.cycle(self.stubs):
            try:
                again_after_s = await self._one_stream(stub)
            except CUT:
                again_after_s = _AGAIN_S
            self.connected.clear()
            if END.TAKEN_OVER in self.ends:
                return
            await asyncio.sleep(again_after_s)

    async def _one_stream(self, stub: Any) -> float:
        """Obeys until the stream ends; the seconds until the next one."""
        call = stub.Connect(metadata=await self.client.metadata())
        again_after_s = _AGAIN_S
        try:
            await _say(call, pb.ConnectRequest(hello=self._hello()))
            while (said := await call.read()) is not EOF:
                match said.WhichOneof("event"):
                    case "welcome":
                        self.welcomes.append(said.welcome)
                        self.connected.set()
                    case "command":
                        await self._obey(call, said.command)
                    case "end":
                        self.ends.append(said.end.reason)
                        if said.end.HasField("reconnect_after"):
                            self.reconnects += 1
                            again_after_s = said.end.reconnect_after.ToMilliseconds() / 1000
            return again_after_s
        finally:
            call.cancel()

    def _hello(self) -> pb.ConnectRequest.Hello:
        return pb.ConnectRequest.Hello(
            device_id=self.device_id,
            last_applied=self.last_applied,
            capabilities=device_pb2.Capabilities(volume=True),
        )

    async def _obey(self, call: Any, command: Any) -> None:
        self.log.append(command)
        if command.HasField("target"):
            self._become(command.target)
        applied = device_pb2.Applied(number=command.number, status=_DONE)
        await _say(call, pb.ConnectRequest(applied=applied))

    def _become(self, target: Any) -> None:
        self.held = Held(
            target.playback_id,
            target.epoch,
            target.revision,
            target.play_id,
            target.status == PLAYING and target.device_id == self.device_id,
            target.position_ms,
            target.track.duration_ms,
            time.monotonic(),
        )

    async def stay_beating(self) -> None:
        """Beats while something plays here, until cancelled."""
        while True:
            held = self.held
            if held.playing:
                with suppress(CUT):
                    await self._beat_along(held.playback_id)
            await asyncio.sleep(_AGAIN_S)

    async def _beat_along(self, playback_id: str) -> None:
        stream = await open_stream(self.client, self.held, self.device_id)
        try:
            said = await stream.hello()
            while said is not EOF and said.WhichOneof("event") == "ack":
                await asyncio.sleep(_BEAT_S)
                held = self.held
                if held.playback_id != playback_id or not held.playing:
                    return
                stream.goes_on_with(held)
                position_ms = held.position_now()
                said = await stream.beat(said.ack.seq + 1, position_ms)
                if said is not EOF and said.ack.revision == held.revision:
                    self.told_ms[held.play_id] = position_ms
        finally:
            await stream.close()

    async def is_over(self) -> None:
        """Returns when another stream has taken its place."""

        async def taken_over() -> bool:
            return END.TAKEN_OVER in self.ends

        await until(taken_over, f"{self.device_id} was not told to leave")

    async def caught_up(self, number: int) -> None:
        """Returns when it has obeyed the command of that number."""

        async def obeyed() -> bool:
            return self.last_applied >= number

        words = f"{self.device_id} has not come to command {number}"
        await until(obeyed, words, within_s=CATCHES_UP_S)


@asynccontextmanager
async def connected(device: RemoteDevice, *, beats: bool = True) -> AsyncIterator[RemoteDevice]:
    """A device that holds its streams in the block."""
    async with beside(asyncio.create_task(device.stay_connected())):
        await until(_is_connected(device), f"{device.device_id} was not welcomed")
        if not beats:
            yield device
            return
        async with beside(asyncio.create_task(device.stay_beating())):
            yield device


def _is_connected(device: RemoteDevice) -> Any:
    async def welcomed() -> bool:
        return device.connected.is_set()

    return welcomed


async def _say(call: Any, request: pb.ConnectRequest) -> None:
    """Writes; where the server has ended the stream, reading tells why."""
    try:
        await call.write(request)
    except asyncio.InvalidStateError:
        return
