"""What a user saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_SAVED = 100_000
"""How many tracks, and how many albums, a user can save."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Album:
    """An album as lists show it. ``year`` is 0 and ``artwork_path`` empty where unknown."""

    album_id: str
    title: str
    artist: str
    artist_id: str
    year: int
    artwork_path: str


@dataclass(frozen=True, slots=True)
class Saved(Generic[T]):
    """Something that was saved, and when: Unix microseconds."""

    thing: T
    saved_at_us: int


@dataclass(frozen=True, slots=True)
class SavedPage(Generic[T]):
    """A part of what a user saved, the latest first, and how many things are saved in all."""

    found: Sequence[Saved[T]]
    total: int

    def with_things(self, exchange: Callable[[T], T]) -> SavedPage[T]:
        """The same page with what ``exchange`` makes of each thing."""
        found = [Saved(exchange(one.thing), one.saved_at_us) for one in self.found]
        return SavedPage(found, self.total)
