"""The events of a time as what trainers learn from, within a bound of memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import numpy as np

from rec_svc.domain.events import EventBatch, EventKind, day_of
from rec_svc.domain.interactions import Heard
from rec_svc.domain.listening import SKIP_COSTS
from rec_svc.ports.events import Events

WEIGHTS = {
    EventKind.PLAY.value: 1.0,
    EventKind.SAVE.value: 1.0,
    EventKind.UNSAVE.value: -1.0,
    EventKind.ADDED_TO_PLAYLIST.value: 1.0,
    EventKind.SKIP.value: -SKIP_COSTS,
}
"""What an event tells of a pair; of what was left otherwise nothing is known."""

EVENT_BYTES = 400
"""What an event takes while they are put together: two texts of 26 characters, several times."""


class TooMuchHeardError(Exception):
    """There are more events than the bound of memory holds."""


async def gather_heard(events: Events, since: date, until_ms: int, memory_bytes: int) -> Heard:
    """What was heard from ``since`` on and before ``until_ms`` (Unix time).

    Raises TooMuchHeardError, Unavailable.
    """
    parts: list[Heard] = []
    count = 0
    async for part in _parts(events.read(since, day_of(until_ms)), until_ms):
        count += len(part)
        if count * EVENT_BYTES > memory_bytes:
            raise TooMuchHeardError
        parts.append(part)
    if not parts:
        none = np.zeros(0, dtype=object)
        return Heard(none, none, np.zeros(0, np.float32), np.zeros(0, np.int64))
    names = ("user", "track", "weight", "at_ms")
    return Heard(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


async def _parts(batches: AsyncIterator[EventBatch], until_ms: int) -> AsyncIterator[Heard]:
    # A batch has each of its texts anew: of the same user and track one is kept.
    kept: dict[str, str] = {}
    async for batch in batches:
        told = np.array([WEIGHTS.get(kind, 0.0) for kind in batch.kind], dtype=np.float32)
        chosen = (told != 0) & (batch.at_ms < until_ms)
        user = [kept.setdefault(text, text) for text in batch.user_id[chosen]]
        track = [kept.setdefault(text, text) for text in batch.track_id[chosen]]
        yield Heard(
            np.array(user, dtype=object),
            np.array(track, dtype=object),
            told[chosen],
            batch.at_ms[chosen],
        )
