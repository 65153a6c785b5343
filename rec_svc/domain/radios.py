"""Radios: what they were started from, what they gave, and what steers them."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.recommended import MOST_OF_ARTIST, Recommended, Source

NOT_TWICE_MS: Final = 48 * 3_600_000
"""What was given or played comes again after so long at the earliest, if there is anything else."""
MOST_SEEDS: Final = 100
"""So many tracks of what a radio was started from are gone by."""
MOST_STEERING: Final = 50
"""So many tracks that were saved in a radio, and as many skipped ones, steer it: the latest."""
BLOCK_SIZE: Final = 20


class SeedKind(enum.Enum):
    """What a radio can be started from."""

    TRACK = "track"
    ARTIST = "artist"
    PLAYLIST = "playlist"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Seed:
    """What a radio was started from; ``id`` is a ULID."""

    kind: SeedKind
    id: str


@dataclass(frozen=True, slots=True)
class Radio:
    """A radio of a user; ``seed_track_ids`` are the tracks of its seed as it was then, at most
    ``MOST_SEEDS``, and ``created_at_ms`` is Unix time."""

    radio_id: str
    user_id: str
    title: str
    seed: Seed
    seed_track_ids: tuple[str, ...]
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Given:
    """A track that a radio gave, at those Unix milliseconds, and what became of it in there.

    When it was left last and when it was saved is 0 where it never was. ``skipped``: when it was
    left last it was skipped, before it counted.
    """

    track_id: str
    given_at_ms: int
    played_at_ms: int = 0
    skipped: bool = False
    saved_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Station:
    """A radio as it is now: ``revision`` rises with each block that it gives.

    ``given``: the tracks that it gave within ``NOT_TWICE_MS``, and those that steer it.
    """

    radio: Radio
    revision: int
    given: tuple[Given, ...] = ()

    def given_since(self, since_ms: int) -> dict[str, int]:
        """When each track was given that was given since then."""
        return {one.track_id: one.given_at_ms for one in self.given if one.given_at_ms >= since_ms}

    @property
    def last_track_id(self) -> str:
        """The last one of its last block; empty where it gave none yet, or long ago."""
        return max(self.given, key=lambda one: one.given_at_ms).track_id if self.given else ""

    def steering(self, skipped: Sequence[str] = ()) -> Steering:
        """What steers it, when those of ``skipped`` were skipped just now."""
        saved = sorted(
            (one for one in self.given if one.saved_at_ms), key=lambda one: -one.saved_at_ms
        )
        before = sorted(
            (one for one in self.given if one.skipped), key=lambda one: -one.played_at_ms
        )
        unwanted = dict.fromkeys((*reversed(skipped), *(one.track_id for one in before)))
        wanted = [one.track_id for one in saved if one.track_id not in unwanted]
        liked = (*self.radio.seed_track_ids, *wanted[:MOST_STEERING])
        return Steering(tuple(dict.fromkeys(liked)), tuple(unwanted)[:MOST_STEERING])


@dataclass(frozen=True, slots=True)
class Steering:
    """What a radio goes by, each once: the tracks of its seed, and those that were saved in it and
    not skipped; and the skipped ones that it moves away from."""

    liked: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """What a radio gave at once; ``repeated`` of its tracks had been given or played within
    ``NOT_TWICE_MS``."""

    radio_id: str
    title: str
    shown_id: str
    picks: tuple[KeptTrack, ...]
    source: Source
    model_id: str
    repeated: int
    given_at_ms: int


def arranged(picks: Sequence[Recommended], last_artist_id: str) -> list[Recommended]:
    """``picks`` in their order, as far as no artist comes twice in a row, nor right after
    ``last_artist_id``, where another order allows that. Each artist has two of them at most."""
    waiting, placed = list(picks), list[Recommended]()
    while waiting:
        last = placed[-1].track.artist_id if placed else last_artist_id
        place = _next_place([one.track.artist_id for one in waiting], last)
        placed.append(waiting.pop(place))
    return placed


def _next_place(artists: Sequence[str], last: str) -> int:
    """The first one of another artist that lets the rest be arranged, too."""
    others = [place for place, artist in enumerate(artists) if artist != last]
    for place in others:
        if _can_follow([*artists[:place], *artists[place + 1 :]], artists[place]):
            return place
    return others[0] if others else 0


def _can_follow(artists: Sequence[str], last: str) -> bool:
    """Whether there is an order of the rest behind ``last`` without an artist twice in a row."""
    if len(artists) > 2 * MOST_OF_ARTIST:
        return True
    rest = len(artists)
    return all(
        count <= (rest if artist == last else rest + 1) // 2
        for artist, count in Counter(artists).items()
    )
