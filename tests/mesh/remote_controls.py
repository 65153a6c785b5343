"""People who control devices, listen and skip, and keep what they were told."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from segue.device.v1 import device_service_pb2 as devices
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from meshkit.faults import (
    Aborted,
    DeadlineExceeded,
    Fault,
    ResourceExhausted,
    Unavailable,
)
from player.mesh_client import MeshClient
from tests.contracts.playback.play_fields import play_fields
from tests.mesh.playlist_lists import until_answered
from tests.mesh.remote_devices import RemoteDevice

CONTEXT = playback_pb2.Playback.CONTEXT
WINDOW_S = 1800
_REPEAT = playback_pb2.Playback.Repeat
_SEND = devices.SendCommandRequest
# What people are told who command a session that is another one, or elsewhere, by now.
_TOO_LATE = {
    "SESSION_NOT_CURRENT",
    "DEVICE_NOT_PLAYING",
    "DEVICE_OFFLINE",
    "SKIP_LIMIT_REACHED",
    "QUEUE_FULL",
    "CONFLICT",
}


@dataclass(slots=True)
class Told:
    """What the controllers of an account were told."""

    revisions: set[int] = field(default_factory=set)
    """Of the state, after each of their commands."""
    commands: dict[tuple[str, int], Any] = field(default_factory=dict)
    """By device and number, what SendCommand answered."""
    volumes: dict[tuple[str, int], int] = field(default_factory=dict)
    """Likewise, the loudness that was asked for."""
    transfers: int = 0
    acknowledged: int = 0
    refused: int = 0


class Controller:
    """Commands the two devices of an account, at random, each until it is acknowledged."""

    def __init__(
        self, client: MeshClient, device_ids: Sequence[str], track_ids: Sequence[str], told: Told
    ) -> None:
        self._client = client
        self._device_ids = device_ids
        self._track_ids = track_ids
        self._told = told
        self._playback_id = ""

    async def command_until(self, stop: asyncio.Event) -> None:
        """Sends one command after the other until told to stop."""
        while not stop.is_set():
            command = random.choice((self._send, self._send, self._ask, self._ask, self._transfer))
            try:
                await (command if self._playback_id else self._play)()
            except Fault as refused:
                if refused.reason not in _TOO_LATE:
                    raise
                self._told.refused += 1
                self._playback_id = ""
            await asyncio.sleep(random.uniform(0, 0.05))

    async def _answered(self, method: Any, request: Any) -> Any:
        answer = await until_answered(self._client, method, request)
        self._told.acknowledged += 1
        return answer

    async def _play(self) -> None:
        request = pb.PlayRequest(
            device_id=random.choice(self._device_ids),
            **play_fields(track_ids=self._track_ids),
            repeat=random.choice((CONTEXT, _REPEAT.TRACK)),
        )
        answer = await self._answered(self._client.playback.Play, request)
        self._playback_id = answer.playback_id
        self._told.revisions.add(answer.revision)

    async def _ask(self) -> None:
        """A command of PlaybackService."""
        session = {"playback_id": self._playback_id}
        name, fields = random.choice(
            (
                ("Pause", session),
                ("Resume", session),
                ("Previous", session),
                ("Seek", {**session, "position_ms": random.randrange(30_000)}),
                ("SetShuffle", {"shuffle": random.random() < 0.5}),
                ("SetRepeat", {"repeat": random.choice((CONTEXT, _REPEAT.TRACK))}),
                ("EditQueue", {"track_ids": random.choices(self._track_ids, k=3)}),
                ("Stop", session),
            )
        )
        request = getattr(pb, f"{name}Request")(**fields)
        answer = await self._answered(getattr(self._client.playback, name), request)
        self._told.revisions.add(answer.revision)

    async def _send(self) -> None:
        """A command to a device."""
        device_id = random.choice(self._device_ids)
        percent = random.randrange(101)
        word: dict[str, Any] = random.choice(
            (
                {"pause": _SEND.Pause()},
                {"resume": _SEND.Resume()},
                {"previous": _SEND.Previous()},
                {"seek": _SEND.Seek(position_ms=random.randrange(30_000))},
                {"enqueue": _SEND.Enqueue(track_ids=random.choices(self._track_ids, k=2))},
                {"play": _SEND.Play(**play_fields(track_ids=self._track_ids, repeat=CONTEXT))},
                {"volume": _SEND.Volume(percent=percent)},
                {"volume": _SEND.Volume(percent=percent)},
            )
        )
        request = _SEND(device_id=device_id, **word)
        answer = await self._answered(self._client.devices.SendCommand, request)
        command = answer.command
        if "volume" in word:
            key = (device_id, command.number)
            assert key not in self._told.volumes
            self._told.volumes[key] = percent
        else:
            self._told.revisions.add(command.target.revision)
        self._told.commands[device_id, command.number] = command

    async def _transfer(self) -> None:
        request = devices.TransferRequest(device_id=random.choice(self._device_ids))
        answer = await self._answered(self._client.devices.Transfer, request)
        self._playback_id = answer.playback.playback_id
        self._told.transfers += 1


@dataclass(frozen=True, slots=True)
class Listened:
    """A play as its listener saw it, from before it was asked for to after it was left."""

    play_id: str
    half_ms: int
    told_ms: int
    """The highest position that the device reported before it was left."""
    longest_ms: int

    @property
    def counts(self) -> bool:
        """Whether it was certainly heard for half of the track."""
        return self.told_ms >= self.half_ms

    @property
    def cannot_count(self) -> bool:
        """Whether it was certainly not heard for that long."""
        return self.longest_ms < self.half_ms


class Listener:
    """Plays tracks on a device of their own for a while, and leaves them in any way there is."""

    def __init__(self, client: MeshClient, device: RemoteDevice, track_ids: Sequence[str]) -> None:
        self._client = client
        self._device = device
        self._track_ids = track_ids
        self.listened: list[Listened] = []

    async def listen_until(self, stop: asyncio.Event) -> None:
        """Plays one track after the other until told to stop; the last one is left, too."""
        asked_at = time.monotonic()
        now = await self._play()
        while now is not None:
            await asyncio.sleep(random.choice((0.3, 1.0, 4.5, 5.0)))
            told_ms = self._device.told_ms.get(now.play_id, 0)
            leaving_at = time.monotonic()
            last = stop.is_set()
            following = await (self._stop(now) if last else self._leave(now))
            longest_ms = int((time.monotonic() - asked_at) * 1000)
            half_ms = now.track.duration_ms // 2
            self.listened.append(Listened(now.play_id, half_ms, told_ms, longest_ms))
            if following is None and not last:
                leaving_at = time.monotonic()
                following = await self._play()
            now, asked_at = following, leaving_at

    async def _leave(self, now: Any) -> Any:
        """Leaves what plays; what plays then, None where nothing does."""
        return await random.choice((self._stop, self._again, self._skip))(now)

    async def _play(self) -> Any:
        request = pb.PlayRequest(
            **play_fields(
                device_id=self._device.device_id, track_ids=self._track_ids, repeat=CONTEXT
            )
        )
        return await until_answered(self._client, self._client.playback.Play, request)

    async def _again(self, _now: Any) -> Any:
        return await self._play()

    async def _stop(self, now: Any) -> None:
        request = pb.StopRequest(playback_id=now.playback_id)
        await until_answered(self._client, self._client.playback.Stop, request)

    async def _skip(self, _now: Any) -> Any:
        request = pb.SkipRequest(device_id=self._device.device_id)
        try:
            return await until_answered(self._client, self._client.playback.Skip, request)
        except ResourceExhausted:
            return await self._play()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A user who skipped too often at once: their id, and what was acknowledged."""

    user_id: str
    answers: Sequence[Any]
    within_a_window: bool


async def skip_too_often(client: MeshClient, track_ids: Sequence[str], tries: int) -> Skipped:
    """Plays, skips so often at once, each until it is acknowledged or refused, and pauses."""
    begun_at = time.time()
    play = pb.PlayRequest(**play_fields(device_id="phone", track_ids=track_ids, repeat=CONTEXT))
    session = await until_answered(client, client.playback.Play, play)
    skips = [_skip_once(client) for _ in range(tries)]
    answers = [answer for answer in await asyncio.gather(*skips) if answer is not None]
    # What is held does not fall silent before it is looked at.
    pause = pb.PauseRequest(playback_id=session.playback_id)
    await until_answered(client, client.playback.Pause, pause)
    user_id = (await client.token()).user_id
    return Skipped(user_id, answers, begun_at // WINDOW_S == time.time() // WINDOW_S)


async def _skip_once(client: MeshClient) -> Any:
    """The answer to a skip, None where it was refused by the limit."""
    request = pb.SkipRequest(device_id="phone", request_id=f"skip-{random.getrandbits(64)}")
    while True:
        try:
            return await client.call(client.playback.Skip, request)
        except ResourceExhausted as refused:
            if refused.reason != "SKIP_LIMIT_REACHED":
                raise
            return None
        except (Unavailable, DeadlineExceeded, Aborted):
            await asyncio.sleep(0.1)
