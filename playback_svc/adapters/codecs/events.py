"""Events as they travel between instances: one line of words, the first of which says the kind."""

from __future__ import annotations

import functools

from playback_svc.domain.player_state import EndReason, Rung, Status, Version
from playback_svc.ports.events import (
    CommandQueued,
    CommandReported,
    DeviceConnected,
    Event,
    PlaybackChanged,
    SettingsChanged,
)

_NONE = "-"


def encoded(event: Event) -> str:
    """The line of ``events``; ids have no spaces."""
    match event:
        case PlaybackChanged(
            user_id, (epoch, revision), session_id, device_id, status, ended_by, duration, rungs
        ):
            ended = ended_by or _NONE
            ladder = ",".join(f"{rung.name}:{rung.bitrate_kbps}" for rung in rungs) or _NONE
            return (
                f"W {user_id} {epoch} {revision} {session_id} {device_id} {status} {ended} "
                f"{duration} {ladder}"
            )
        case CommandQueued(user_id, device_id, number):
            return f"M {user_id} {device_id} {number}"
        case CommandReported(user_id, device_id, number):
            return f"R {user_id} {device_id} {number}"
        case SettingsChanged(user_id):
            return f"A {user_id}"
        case DeviceConnected(user_id, device_id, stream_number):
            return f"J {user_id} {device_id} {stream_number}"


def decoded(line: bytes) -> Event:
    """The events of a line. Raises ValueError."""
    match line.decode().split(" "):
        case [
            "W", user_id, epoch, revision, session_id, device_id, status, ended_by, duration,
            ladder,
        ]:  # fmt: skip
            return PlaybackChanged(
                user_id=user_id,
                version=Version(int(epoch), int(revision)),
                session_id=session_id,
                device_id=device_id,
                status=Status(status),
                ended_by=None if ended_by == _NONE else EndReason(ended_by),
                duration_ms=int(duration),
                rungs=_rungs(ladder),
            )
        case ["M", user_id, device_id, number]:
            return CommandQueued(user_id, device_id, int(number))
        case ["R", user_id, device_id, number]:
            return CommandReported(user_id, device_id, int(number))
        case ["A", user_id]:
            return SettingsChanged(user_id)
        case ["J", user_id, device_id, stream_number]:
            return DeviceConnected(user_id, device_id, int(stream_number))
        case [kind, *words]:
            raise ValueError(f"no event of kind {kind!r} with {len(words)} words")
        case _:
            raise ValueError("no words")


@functools.lru_cache(maxsize=1024)
def _rungs(ladder: str) -> tuple[Rung, ...]:
    """Kept: streams by the ten thousand hold few different ones."""
    if ladder == _NONE:
        return ()
    parts = (rung.rpartition(":") for rung in ladder.split(","))
    return tuple(Rung(name, int(kbps)) for name, _, kbps in parts)
