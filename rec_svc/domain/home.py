"""Home: shelves of tracks, made for everything that they could be shown for and then shown."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from rec_svc.domain.reasons import kept_reason
from rec_svc.domain.recommended import MOST_OF_ARTIST, Reason, Recommended, Source, Wanted
from rec_svc.domain.tracks import Track

MOST_SHOWN: Final = 12
"""So many tracks stand on a shelf at most."""
MOST_KEPT: Final = 20
"""So many are kept for each plan: what may be shown no more when it is shown leaves no hole."""


class ShelfKind(enum.Enum):
    """What a shelf is made of, as the contract says."""

    NEW_FROM_ARTISTS = enum.auto()
    BECAUSE_YOU_PLAYED = enum.auto()
    BACK_IN_ROTATION = enum.auto()
    POPULAR_WITH_PEOPLE_LIKE_YOU = enum.auto()
    POPULAR = enum.auto()


_TITLES: Final = {
    ShelfKind.NEW_FROM_ARTISTS: "New from artists you follow",
    ShelfKind.BACK_IN_ROTATION: "Back in rotation",
    ShelfKind.POPULAR_WITH_PEOPLE_LIKE_YOU: "Popular with people like you",
    ShelfKind.POPULAR: "What many listen to",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Tracks under one heading; ``because`` is the track that a shelf is because of, if it is.

    ``model_id`` is empty where no model chose them.
    """

    kind: ShelfKind
    shown_id: str
    source: Source
    tracks: tuple[Recommended, ...]
    because: Track | None = None
    model_id: str = ""

    @property
    def title(self) -> str:
        """The heading, for people."""
        if self.because is not None:
            return f"Because you played “{self.because.title}”"
        return _TITLES[self.kind]


@dataclass(frozen=True, slots=True)
class Home:
    """A user's shelves, in their order; ``model_id`` is empty where there was no model.

    ``arms`` are the user's in the experiments that ran, by their ids. As it is made and kept, a
    track may stand on several shelves and a shelf has more tracks than are shown; :func:`shown`
    makes of it what the user sees.
    """

    made_at_ms: int
    model_id: str
    shelves: tuple[Shelf, ...]
    arms: Mapping[str, str]
    held_back: bool = False

    def tracks(self) -> dict[str, Track]:
        """All tracks that it names, also as reasons, by their ids."""
        picks = [one for shelf in self.shelves for one in shelf.tracks]
        named = [shelf.because for shelf in self.shelves] + [one.reason.track for one in picks]
        there = (*(one.track for one in picks), *(one for one in named if one is not None))
        return {track.id: track for track in there}


def kept(tracks: Iterable[Track], heard: frozenset[str], blocked: frozenset[str]) -> list[Track]:
    """The first ones of ``tracks`` that each plan may be shown, in their order, each once."""
    each = {track.id: track for track in tracks}
    chosen: set[str] = set()
    for premium in (True, False):
        wanted = Wanted(left_out=heard, blocked_artists=blocked, premium=premium)
        chosen |= {track.id for track in islice(wanted.chosen(each.values(), ()), MOST_KEPT)}
    return [track for id_, track in each.items() if id_ in chosen]


def shown(
    home: Home, known: Mapping[str, Track], blocked: Collection[str], *, premium: bool
) -> list[Shelf]:
    """The shelves as the user may see them now: ``known`` are the tracks that there are.

    Where several have a track it stands on one of them: they take turns, so that in a small
    library none takes all. None is empty.
    """
    wanted = Wanted(left_out=frozenset(), blocked_artists=frozenset(blocked), premium=premium)
    there = [_there(shelf, known, wanted) for shelf in home.shelves]
    fillings = [_Filling(shelf) for shelf in there if shelf is not None]
    taken: set[str] = set()
    for _ in range(MOST_SHOWN):
        for filling in fillings:
            filling.take(taken)
    return [one.shelf() for one in fillings if one.picks]


@dataclass(slots=True)
class _Filling:
    """A shelf that is being filled, and what it may take yet."""

    made: Shelf
    left: Iterator[Recommended] = field(init=False)
    picks: list[Recommended] = field(default_factory=list)
    artists: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.left = iter(self.made.tracks)

    def take(self, taken: set[str]) -> None:
        """Takes the next track that no shelf has taken, and of whose artist two do not stand."""
        for one in self.left:
            track = one.track
            if track.id not in taken and self.artists[track.artist_id] < MOST_OF_ARTIST:
                taken.add(track.id)
                self.artists[track.artist_id] += 1
                self.picks.append(one)
                return

    def shelf(self) -> Shelf:
        return replace(self.made, tracks=tuple(self.picks))


def _there(shelf: Shelf, known: Mapping[str, Track], wanted: Wanted) -> Shelf | None:
    """All of a shelf that the user may see, as it is now; None where what it is because of is
    not to be named."""
    because = _named(shelf.because, known, wanted)
    if because is None and shelf.because is not None:
        return None
    tracks = tuple(
        replace(one, track=track, reason=_reason(one.reason, known, wanted))
        for one in shelf.tracks
        if (track := known.get(one.track.id)) is not None and wanted.allows(track)
    )
    return replace(shelf, tracks=tracks, because=because)


def _reason(reason: Reason, known: Mapping[str, Track], wanted: Wanted) -> Reason:
    """The reason, as long as what it names can be heard and is not blocked."""
    if reason.track is None:
        return reason
    return kept_reason(reason.kind, reason.track.id, known, wanted)


def _named(track: Track | None, known: Mapping[str, Track], wanted: Wanted) -> Track | None:
    found = None if track is None else known.get(track.id)
    return found if found is not None and wanted.has_artist_of(found) else None
