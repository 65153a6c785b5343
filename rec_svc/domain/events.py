"""What happened between users and tracks, one by one: what models are learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshkit import ulids
from meshkit.clock import instant_of_ms


class EventKind(StrEnum):
    """What a user did with a track."""

    PLAY = "PLAY"
    """A play that counted: 30 s or half of the track, whichever is less, were heard."""
    SKIP = "SKIP"
    """A skip before it counted."""
    LEFT = "LEFT"
    """Left before it counted, and not by a skip: stopped, replaced, or fallen silent."""
    SAVE = "SAVE"
    UNSAVE = "UNSAVE"
    ADDED_TO_PLAYLIST = "ADDED_TO_PLAYLIST"
    """It came into a playlist of the user's that people make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; ids are ULIDs.

    ``at_ms``: Unix milliseconds, of a play when it was left. ``heard_ms`` and ``completed`` are of
    plays alone. ``context_kind`` is by the names of ``ContextRef.Kind``, empty for none;
    ``shown_id`` is the list on the screen that it was chosen from, empty for none.
    """

    event_id: str
    user_id: str
    track_id: str
    at_ms: int
    kind: EventKind
    heard_ms: int = 0
    completed: bool = False
    context_kind: str = ""
    context_id: str = ""
    shown_id: str = ""


Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """Events column by column, in no order: the fields of ``Event``, one entry an event.

    Texts are arrays of ``str`` objects, ``at_ms`` of int64, ``heard_ms`` of int32, ``completed``
    of bool. ``kind`` holds the values of ``EventKind``.
    """

    event_id: Texts
    user_id: Texts
    track_id: Texts
    at_ms: NDArray[np.int64]
    kind: Texts
    heard_ms: NDArray[np.int32]
    completed: NDArray[np.bool_]
    context_kind: Texts
    context_id: Texts
    shown_id: Texts

    def __len__(self) -> int:
        return len(self.at_ms)

    def events(self) -> list[Event]:
        """The same one by one."""
        columns = (getattr(self, name).tolist() for name in COLUMNS)
        return [
            Event(**dict(zip(COLUMNS, row, strict=True), kind=EventKind(row[_KIND])))
            for row in zip(*columns, strict=True)
        ]


COLUMNS = (
    "event_id",
    "user_id",
    "track_id",
    "at_ms",
    "kind",
    "heard_ms",
    "completed",
    "context_kind",
    "context_id",
    "shown_id",
)
"""The columns in their order."""

_KIND = COLUMNS.index("kind")
_NUMBERS: dict[str, type] = {"at_ms": np.int64, "heard_ms": np.int32, "completed": np.bool_}


def batch_of(events: Sequence[Event]) -> EventBatch:
    """The events column by column."""
    return EventBatch(**{name: _column(name, events) for name in COLUMNS})


def _column(name: str, events: Sequence[Event]) -> NDArray[Any]:
    values = [getattr(event, name) for event in events]
    if name == "kind":
        values = [kind.value for kind in values]
    return np.array(values, dtype=_NUMBERS.get(name, np.object_))


def event_id(at_ms: int, *words: str) -> str:
    """The ULID of what ``words`` say and happened at ``at_ms``: told again it is the same one."""
    chance = hashlib.blake2b("\n".join(words).encode(), digest_size=10).digest()
    return ulids.to_text(max(at_ms, 0).to_bytes(6, "big") + chance)


def day_of(at_ms: int) -> date:
    """The day in UTC of Unix milliseconds."""
    return instant_of_ms(at_ms).date()


def shard_of(user_id: str, shards: int) -> int:
    """Which of so many shards of a day has a user's events."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % shards
