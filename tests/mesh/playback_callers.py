"""Clients of one account that ask for anything at any time, and record what they are answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from segue.device.v1 import device_service_pb2 as devices
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import PlaybackServiceStub

from meshkit.faults import DeadlineExceeded, Fault, Unavailable
from player.mesh_client import MeshClient
from tests.contracts.playback.play_fields import play_fields
from tests.mesh import playback_calls as calls
from tests.mesh.history import History
from tests.mesh.playback_calls import Answer, Call, Refused

DEVICES = ("phone", "kitchen", "desk")
_STATUS = playback_pb2.Playback.Status
_REPEAT = playback_pb2.Playback.Repeat
_QUEUED = playback_pb2.QueueEntry.QUEUED
_RETRY_S = 0.1
_CALL_S = 5.0
_TRIES = 40
_PAUSE_S = 0.02


@dataclass(slots=True)
class Account:
    """What the clients of an account know together: its tracks and the sessions it had."""

    history: History
    track_ids: Sequence[str]
    durations_ms: Mapping[str, int]
    sessions: list[tuple[str, Any]] = field(default_factory=list)
    """The devices that played, with the answers to Play, the latest last."""


class Caller:
    """One client of the account, with a call at a time, through the edge or to one instance."""

    def __init__(self, number: int, client: MeshClient, channel: Any, account: Account) -> None:
        """``channel`` None: through the edge."""
        self._number = number
        self._client = client
        self._account = account
        self._playback: Any = PlaybackServiceStub(channel) if channel else client.playback
        self._devices: Any = DeviceServiceStub(channel) if channel else client.devices

    async def ask_until(self, stop: asyncio.Event) -> None:
        """Asks for anything until told to stop."""
        while not stop.is_set():
            await self.ask(self._anything())
            await asyncio.sleep(random.expovariate(1 / _PAUSE_S))

    async def ask(self, call: Call) -> None:
        """Makes one call and records it; every other one is repeated until it is answered."""
        # What a repeated Transfer shows of the playback is as it is then, not as it was made.
        persistent = not isinstance(call, calls.Transfer) and random.random() < 0.5
        method, request = self._request(call)
        async with self._account.history.call(self._number, call) as record:
            for _ in range(_TRIES if persistent else 1):
                try:
                    answer = await self._client.call(method, request, _CALL_S)
                except (Unavailable, DeadlineExceeded):
                    await asyncio.sleep(_RETRY_S)
                except Fault as fault:
                    record.result = Refused(fault.reason)
                    return
                else:
                    record.result = _told(call, answer)
                    if isinstance(call, calls.Play):
                        self._account.sessions.append((call.device_id, answer))
                    return
        # It has no answer: where nobody serves, another call would have none either.
        await asyncio.sleep(_RETRY_S)

    def _request(self, call: Call) -> tuple[Any, Any]:
        if isinstance(call, calls.Transfer):
            # A device that asks for itself needs no stream.
            transfer = devices.TransferRequest(
                device_id=call.device_id,
                sender_device_id=call.device_id,
                play=call.plays,
                request_id=str(uuid4()),
            )
            return self._devices.Transfer, transfer
        if isinstance(call, calls.Get):
            if random.random() < 0.5:
                return self._playback.GetPlayback, pb.GetPlaybackRequest()
            return self._playback.GetQueue, pb.GetQueueRequest(page_size=500)
        name = type(call).__name__
        request = getattr(pb, f"{name}Request")(request_id=str(uuid4()), **_fields(call))
        return getattr(self._playback, name), request

    def _anything(self) -> Call:
        sessions = self._account.sessions
        if not sessions or random.random() < 0.06:
            return self._any_play()
        # Most people know what plays now; some are behind.
        _, session = sessions[-1] if random.random() < 0.85 else random.choice(sessions)
        wish: Callable[[str], Call] = random.choice(_WISHES)
        if wish is _queue:
            return calls.AddToQueue(self._some_tracks(1, 3), random.random() < 0.3)
        if wish is _requeue:
            return calls.EditQueue(self._some_tracks(0, 3))
        return wish(session.playback_id)

    def _any_play(self) -> calls.Play:
        track_ids = tuple(self._account.track_ids)
        chosen = random.choice([None, *track_ids])
        in_context = chosen is None or random.random() < 0.7
        return calls.Play(
            random.choice(DEVICES),
            chosen,
            tuple(random.sample(track_ids, len(track_ids))) if in_context else (),
            random.randrange(4_000),
            random.choice([None, "OFF", "CONTEXT"]),
            random.choice([None, True, False]),
        )

    def _some_tracks(self, least: int, most: int) -> tuple[str, ...]:
        return tuple(random.choices(self._account.track_ids, k=random.randint(least, most)))


def _queue(_session: str) -> Call:
    return calls.AddToQueue(())


def _requeue(_session: str) -> Call:
    return calls.EditQueue(())


_WISHES: Sequence[Callable[[str], Call]] = (
    lambda _: calls.Get(),
    lambda _: calls.Get(),
    lambda _: calls.Get(),
    calls.Pause,
    calls.Resume,
    lambda session: calls.Seek(session, random.randrange(0, 50_000, 10)),
    lambda _: calls.Skip(),
    calls.Previous,
    lambda _: calls.SetRepeat(random.choice(("OFF", "TRACK", "CONTEXT"))),
    lambda _: calls.SetShuffle(random.random() < 0.5),
    _queue,
    _requeue,
    lambda _: calls.Transfer(random.choice(DEVICES), random.choice((None, True, False))),
    lambda session: calls.Stop(session) if random.random() < 0.2 else calls.Get(),
)


def _fields(call: Call) -> dict[str, Any]:
    """The fields of a request, beside its request_id."""
    match call:
        case calls.Play():
            return play_fields(
                device_id=call.device_id,
                track_id=call.track_id,
                track_ids=call.context,
                position_ms=call.position_ms,
                repeat=_REPEAT.Value(call.repeat) if call.repeat else 0,
                shuffle=call.shuffle,
            )
        case calls.Seek():
            return {"playback_id": call.playback_id, "position_ms": call.position_ms}
        case calls.Pause() | calls.Resume() | calls.Stop() | calls.Previous():
            return {"playback_id": call.playback_id}
        case calls.Skip():
            return {"device_id": DEVICES[0]}
        case calls.SetRepeat():
            return {"repeat": _REPEAT.Value(call.repeat)}
        case calls.SetShuffle():
            return {"shuffle": call.shuffle}
        case calls.AddToQueue():
            return {"track_ids": call.tracks, "next": call.next}
        case calls.EditQueue():
            return {"track_ids": call.tracks}
    raise ValueError(f"{call} is nothing that is asked for")


def _told(call: Call, answer: Any) -> Answer:
    """What an answer says of the state after the call."""
    match call:
        case calls.Play() | calls.Skip() | calls.Previous():
            return Answer(
                answer.revision,
                epoch=answer.epoch,
                playback_id=answer.playback_id,
                track_id=answer.track.id,
            )
        case calls.Pause() | calls.Seek() | calls.Stop():
            return Answer(answer.revision, position_ms=answer.position_ms)
        case calls.SetRepeat():
            return Answer(answer.revision, repeat=_REPEAT.Name(answer.repeat))  # type: ignore[arg-type]
        case calls.SetShuffle():
            return Answer(answer.revision, shuffle=answer.shuffle)
        case calls.Transfer():
            return _playback(answer.playback)
        case calls.Get():
            if not answer.HasField("playback"):
                return calls.NOTHING_PLAYED
            return _playback(answer.playback, _queue_of(answer))
        case _:
            return Answer(answer.revision)


def _queue_of(answer: Any) -> tuple[str, ...] | None:
    if isinstance(answer, pb.GetPlaybackResponse):
        return None
    queued = tuple(each.track.id for each in answer.entries if each.kind == _QUEUED)
    assert len(queued) == answer.playback.queue_count
    return queued


def _playback(state: Any, queue: tuple[str, ...] | None = None) -> Answer:
    return Answer(
        state.revision,
        epoch=state.epoch,
        playback_id=state.playback_id,
        status=_STATUS.Name(state.status),  # type: ignore[arg-type]
        track_id=state.track.id,
        device_id=state.device_id,
        position_ms=state.position_ms,
        repeat=_REPEAT.Name(state.repeat),  # type: ignore[arg-type]
        shuffle=state.shuffle,
        queue=queue,
    )
