"""News as they travel between instances: one line of words, the first of which says the kind."""

from __future__ import annotations

import functools

from playback_svc.domain.player_state import EndReason, Rung, Status, Version
from playback_svc.ports.events import Adjusted, Joined, Mail, News, Receipt, Wake

_NONE = "-"


def encoded(news: News) -> str:
    """The line of ``news``; ids have no spaces."""
    match news:
        case Wake(
            user_id, (epoch, revision), session_id, device_id, status, ended_by, duration, rungs
        ):
            ended = ended_by or _NONE
            ladder = ",".join(f"{rung.name}:{rung.bitrate_kbps}" for rung in rungs) or _NONE
            return (
                f"W {user_id} {epoch} {revision} {session_id} {device_id} {status} {ended} "
                f"{duration} {ladder}"
            )
        case Mail(user_id, device_id, number):
            return f"M {user_id} {device_id} {number}"
        case Receipt(user_id, device_id, number):
            return f"R {user_id} {device_id} {number}"
        case Adjusted(user_id):
            return f"A {user_id}"
        case Joined(user_id, device_id, stream_number):
            return f"J {user_id} {device_id} {stream_number}"


def decoded(line: bytes) -> News:
    """The news of a line. Raises ValueError."""
    match line.decode().split(" "):
        case [
            "W", user_id, epoch, revision, session_id, device_id, status, ended_by, duration,
            ladder,
        ]:  # fmt: skip
            return Wake(
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
            return Mail(user_id, device_id, int(number))
        case ["R", user_id, device_id, number]:
            return Receipt(user_id, device_id, int(number))
        case ["A", user_id]:
            return Adjusted(user_id)
        case ["J", user_id, device_id, stream_number]:
            return Joined(user_id, device_id, int(stream_number))
        case [kind, *words]:
            raise ValueError(f"no news of kind {kind!r} with {len(words)} words")
        case _:
            raise ValueError("no words")


@functools.lru_cache(maxsize=1024)
def _rungs(ladder: str) -> tuple[Rung, ...]:
    """Kept: streams by the ten thousand hold few different ones."""
    if ladder == _NONE:
        return ()
    parts = (rung.rpartition(":") for rung in ladder.split(","))
    return tuple(Rung(name, int(kbps)) for name, _, kbps in parts)
