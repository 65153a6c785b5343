"""The devices of the compressed hour: what one process of clients does, and what it saw.

A device plays, beats, is told things and tells itself, leaves and comes back. It knows nothing of
the instances but their addresses: one that fails it is left alone for a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as device
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1.play_source_pb2 import PlaySource
from segue.playback.v1.playback_service_pb2_grpc import HeartbeatServiceStub, PlaybackServiceStub
from ulid import ULID

from bench.playback_stand import bearer, edge_channel
from meshkit import status
from meshkit.faults import Fault

DEVICE = "phone"
CHANNELS = 3
CONTEXT = 20
AVOIDED_S = 1.0
ANSWER_S = 20.0
TRIES = 60
RETRY_S = 0.25
REMOTE_SHARE = 0.5
_PLAYING, _PAUSED = playback_pb2.Playback.PLAYING, playback_pb2.Playback.PAUSED
_DETAILS = "grpc-status-details-bin"
AWAY = ("UNAVAILABLE", "STORE_UNAVAILABLE", "OVERLOADED", "CONFLICT", "DEADLINE_EXCEEDED")


@dataclass(frozen=True, slots=True)
class Habits:
    """How devices behave, in seconds; all but the pace of beats are means."""

    beat_every_s: float
    command_every_s: float
    stay_s: float
    away_s: float
    ramp_s: float
    length_s: float


@dataclass
class Seen:
    """What the devices of one process saw."""

    beats: int = 0
    commands: int = 0
    delivered: int = 0
    playing: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    back_s: list[float] = field(default_factory=list)
    drained_s: list[float] = field(default_factory=list)
    delivery_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)

    def forget(self) -> None:
        """Begins anew, but for how many play now."""
        playing = self.playing
        self.__init__()  # type: ignore[misc]
        self.playing = playing


class Instances:
    """The instances as a client knows them."""

    def __init__(self, tls: Path, ports: tuple[int, ...]) -> None:
        self._channels = [[edge_channel(tls, port) for _ in range(CHANNELS)] for port in ports]
        self._avoided = [0.0] * len(ports)

    def pick(self) -> tuple[int, grpc.aio.Channel]:
        """One that is not avoided, if there is one, and a connection to it."""
        now, every = time.monotonic(), range(len(self._channels))
        number = random.choice([n for n in every if self._avoided[n] < now] or list(every))
        return number, random.choice(self._channels[number])

    def avoid(self, number: int, for_s: float = AVOIDED_S) -> None:
        """Let no one go there for a while."""
        self._avoided[number] = time.monotonic() + for_s


class Device:
    """One device of a user of its own."""

    def __init__(self, instances: Instances, habits: Habits, seen: Seen, token: str) -> None:
        self.instances = instances
        self._habits = habits
        self.seen = seen
        self.metadata = bearer(token)
        self._tracks = [str(ULID()) for _ in range(CONTEXT)]
        self.seq = self.applied = 0
        self.playback_id = ""
        self.epoch = self.revision = 0
        self.paused = self.controllable = False

    async def live(self) -> None:
        """Comes and goes until cancelled."""
        await asyncio.sleep(random.uniform(0, self._habits.ramp_s))
        while True:
            await self._visit()
            await asyncio.sleep(random.expovariate(1 / self._habits.away_s))

    async def _visit(self) -> None:
        request = playback.PlayRequest(
            source=PlaySource(tracks=PlaySource.TrackList(track_ids=self._tracks)),
            device_id=DEVICE,
            repeat=playback_pb2.Playback.CONTEXT,
        )
        answer = await self._tried(PlaybackServiceStub, "Play", request)
        if answer is None:
            return
        self.playback_id, self.seq, self.paused = answer.playback_id, 0, False
        self.epoch, self.revision = answer.epoch, answer.revision
        self.seen.playing += 1
        lines = (Beats(self, self._habits.beat_every_s), Mail(self))
        streams = [asyncio.create_task(line.hold()) for line in lines]
        leaving = time.monotonic() + random.expovariate(1 / self._habits.stay_s)
        try:
            while not streams[0].done() and time.monotonic() < leaving:
                pause_s = random.expovariate(1 / self._habits.command_every_s)
                await asyncio.wait(streams[:1], timeout=min(pause_s, leaving - time.monotonic()))
                if self.playback_id and time.monotonic() < leaving:
                    await self._command()
        finally:
            self.seen.playing -= 1
            left, self.playback_id = self.playback_id, ""
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
        if left:
            stop = playback.StopRequest(playback_id=left)
            await self._tried(PlaybackServiceStub, "Stop", stop)

    async def _command(self) -> None:
        """Something that a user does now and then, on the device or from elsewhere."""
        remote = device.SendCommandRequest(device_id=DEVICE)
        request: Any
        position_ms = random.randrange(60_000)
        match random.randrange(4):
            case 0:
                remote.skip.SetInParent()
                method, request = "Skip", playback.SkipRequest(device_id=DEVICE)
            case 1:
                remote.seek.position_ms = position_ms
                method = "Seek"
                request = playback.SeekRequest(position_ms=position_ms)
            case _ if self.paused:
                remote.resume.SetInParent()
                method, request = "Resume", playback.ResumeRequest()
            case _:
                remote.pause.SetInParent()
                method, request = "Pause", playback.PauseRequest()
        if self.controllable and random.random() < REMOTE_SHARE:
            answer = await self._tried(DeviceServiceStub, "SendCommand", remote)
            target = answer.command.target if answer else None
        else:
            if method != "Skip":
                request.playback_id = self.playback_id
            target = answer = await self._tried(PlaybackServiceStub, method, request)
        if target is not None:
            self.revision = max(self.revision, target.revision)
            self.seen.commands += 1
            if method in ("Pause", "Resume"):
                self.paused = method == "Pause"

    async def _tried(self, stub: Any, method: str, request: Any) -> Any:
        """The answer to a command, repeated under one request_id; None where it was refused."""
        request.request_id = str(ULID())
        for _ in range(TRIES):
            number, channel = self.instances.pick()
            began = time.perf_counter()
            try:
                call = getattr(stub(channel), method)
                answer = await call(request, metadata=self.metadata, timeout=ANSWER_S)
            except grpc.aio.AioRpcError as error:
                reason = self.failed(error, number, method)
                if reason not in AWAY:
                    self.wronged(f"{method} {reason}")
                    return None
                await asyncio.sleep(RETRY_S)
            else:
                self.seen.answer_ms.append((time.perf_counter() - began) * 1000)
                return answer
        self.wronged(f"{method} never answered")
        return None

    def failed(self, error: grpc.aio.AioRpcError, number: int, what: str) -> str:
        fault: Fault = status.fault_of(error)
        told = _DETAILS in dict(error.trailing_metadata() or ())
        reason = fault.reason if told else error.code().name
        if not told and fault.reason not in AWAY:
            reason += f" ({(error.details() or '')[:80]})"
        self.seen.errors[f"{what} {reason}"] += 1
        if fault.reason in AWAY:
            self.instances.avoid(number)
        return fault.reason

    def wronged(self, what: str) -> None:
        """The session ended, or is refused, and this device did not want that."""
        if self.playback_id:
            self.seen.wrong[what] += 1
        self.playback_id = ""


class Line(ABC):
    """A stream of a device, opened again wherever that is possible as long as its session lasts."""

    def __init__(self, owner: Device, beat_every_s: float | None = None) -> None:
        self.owner = owner
        self._beat_every_s = beat_every_s
        self._lost_at: float | None = None
        self._drained = False
        self._after_s = self.since_ms = 0.0

    async def hold(self) -> None:
        """Holds the stream until the session is over or the task is cancelled."""
        owner, name = self.owner, type(self).__name__
        while owner.playback_id:
            number, channel = owner.instances.pick()
            self._after_s, self.since_ms = RETRY_S, 0.0
            try:
                await self._converse(self.call(channel))
                owner.instances.avoid(number)
            except grpc.aio.AioRpcError as error:
                reason = owner.failed(error, number, name)
                if reason not in AWAY:
                    owner.wronged(f"{name} {reason}")
            except TimeoutError:
                owner.seen.errors[f"{name} silent"] += 1
            if self._lost_at is None:
                self._lost_at = time.monotonic()
            await asyncio.sleep(self._after_s)

    async def _converse(self, call: Any) -> None:
        """One stream to its end. Raises AioRpcError, TimeoutError for a server that is silent."""
        # Reads all the time: what is said last is lost to one who reads after a failed write.
        reading = asyncio.ensure_future(call.read())
        try:
            await _say(call, self.first())
            due = True
            while True:
                wait_s = ANSWER_S if due else self._beat_every_s
                done, _ = await asyncio.wait([reading], timeout=wait_s)
                if not done and due:
                    raise TimeoutError
                if not done:
                    await _say(call, self.beat())
                    due = True
                    continue
                message = reading.result()
                if message is grpc.aio.EOF:
                    return
                reading = asyncio.ensure_future(call.read())
                due = False
                reply = self._heard(message)
                if reply is not None:
                    await _say(call, reply)
        finally:
            call.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _heard(self, message: Any) -> Any:
        """What to answer to a message, if anything."""
        if message.HasField("end"):
            self._end(message.end)
            return None
        if not self.since_ms:
            self.since_ms = time.time() * 1000
        if self._lost_at is not None:
            seen = self.owner.seen
            times = seen.drained_s if self._drained else seen.back_s
            times.append(time.monotonic() - self._lost_at)
            self._lost_at, self._drained = None, False
        return self.hear(message)

    def _end(self, end: StreamEnd) -> None:
        """The last message; one that says when to come back has not ended the session."""
        name = f"{type(self).__name__} ended {StreamEnd.Reason.Name(end.reason)}"
        if not end.HasField("reconnect_after"):
            self.owner.wronged(name)
            return
        self._after_s = end.reconnect_after.ToMilliseconds() / 1000
        self._lost_at = time.monotonic()
        self._drained = end.reason == StreamEnd.DRAINING
        if not self._drained:
            self.owner.seen.errors[name] += 1

    @abstractmethod
    def call(self, channel: grpc.aio.Channel) -> Any:
        """Opens it."""

    @abstractmethod
    def first(self) -> Any:
        """The first message of the device."""

    @abstractmethod
    def hear(self, message: Any) -> Any:
        """Takes a message; what to answer, or None."""

    def beat(self) -> Any:
        """What the device says each ``beat_every_s``; only lines that have it are asked."""
        return None


class Beats(Line):
    """The stream of heartbeats."""

    def call(self, channel: grpc.aio.Channel) -> Any:
        return HeartbeatServiceStub(channel).StreamHeartbeats(metadata=self.owner.metadata)

    def first(self) -> Any:
        hello = playback.StreamHeartbeatsRequest.Hello(
            playback_id=self.owner.playback_id, device_id=DEVICE
        )
        return playback.StreamHeartbeatsRequest(hello=hello)

    def hear(self, message: Any) -> Any:
        self.owner.seen.beats += 1

    def beat(self) -> Any:
        owner = self.owner
        owner.seq += 1
        beat = playback_pb2.Heartbeat(
            epoch=owner.epoch,
            revision=owner.revision,
            seq=owner.seq,
            position_ms=owner.seq * 1_000,
            status=_PAUSED if owner.paused else _PLAYING,
            rung="192",
        )
        return playback.StreamHeartbeatsRequest(heartbeat=beat)


class Mail(Line):
    """The stream of commands, which are checked to come each once and in order."""

    def call(self, channel: grpc.aio.Channel) -> Any:
        return DeviceServiceStub(channel).Connect(metadata=self.owner.metadata)

    def first(self) -> Any:
        hello = device.ConnectRequest.Hello(device_id=DEVICE, last_applied=self.owner.applied)
        return device.ConnectRequest(hello=hello)

    def hear(self, message: Any) -> Any:
        owner, command = self.owner, message.command
        if message.HasField("welcome"):
            owner.controllable = True
        if not message.HasField("command"):
            return None
        if command.number != owner.applied + 1:
            owner.seen.errors["a command out of its order"] += 1
        owner.applied = command.number
        owner.seen.delivered += 1
        issued_at_ms = command.issued_at.ToMilliseconds()
        if issued_at_ms > self.since_ms:
            # What waited for the device says nothing of how fast commands are.
            owner.seen.delivery_ms.append(time.time() * 1000 - issued_at_ms)
        done = device_pb2.Applied(number=command.number, status=device_pb2.Command.DONE)
        return device.ConnectRequest(applied=done)


async def _say(call: Any, message: Any) -> None:
    # Writing to a stream that the server has ended fails; why it ended is read.
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        await call.write(message)
