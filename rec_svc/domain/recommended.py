"""What is recommended, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rec_svc.domain.tracks import Artist, Track

MOST_OF_ARTIST = 2
"""So many tracks of one artist stand in a list at most."""


class Source(enum.Enum):
    """What a list was made from, best first."""

    PERSONAL = enum.auto()
    CONTENT = enum.auto()
    POPULAR = enum.auto()


class ReasonKind(enum.Enum):
    """Why a track is recommended, as the contract says."""

    BECAUSE_OF_TRACK = enum.auto()
    ARTIST_YOU_FOLLOW = enum.auto()
    POPULAR = enum.auto()
    SIMILAR_LISTENERS = enum.auto()
    NEW = enum.auto()
    EXPLORED = enum.auto()
    STARTED_FROM = enum.auto()
    REPEATED = enum.auto()
    BACK_IN_ROTATION = enum.auto()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a track is recommended; ``track`` or ``artist`` is what it is because of, if one is."""

    kind: ReasonKind
    track: Track | None = None
    artist: Artist | None = None

    @property
    def text(self) -> str:
        """The same for people."""
        match self.kind:
            case ReasonKind.BECAUSE_OF_TRACK if self.track is not None:
                return f"Because of “{self.track.title}” by {self.track.artist}"
            case ReasonKind.ARTIST_YOU_FOLLOW if self.artist is not None:
                return f"You like {self.artist.name}"
            case ReasonKind.BACK_IN_ROTATION:
                return "You played it often, and not lately"
            case ReasonKind.SIMILAR_LISTENERS:
                return "Liked by those who listen to the same"
            case ReasonKind.NEW if self.artist is not None:
                return f"New from {self.artist.name}"
            case ReasonKind.NEW:
                return "New, and like what you listen to"
            case ReasonKind.EXPLORED:
                return "Something to try"
            case ReasonKind.STARTED_FROM:
                return "The radio was started from it"
            case ReasonKind.REPEATED:
                return "Everything else was played lately, too"
            case _:
                return "Many listen to it"


@dataclass(frozen=True, slots=True)
class Recommended:
    """A track of a list; ``score`` is 0 to 1, ``propensity`` how likely it was to stand there."""

    track: Track
    score: float
    reason: Reason
    propensity: float = 1.0


def in_order(tracks: Iterable[Track], kind: ReasonKind) -> list[Recommended]:
    """Tracks whose score is their place alone: 1, a half, a third and so on."""
    reason = Reason(kind)
    return [Recommended(track, 1 / place, reason) for place, track in enumerate(tracks, 1)]


@dataclass(frozen=True, slots=True)
class RecommendedList:
    """A list as a user gets it; ``model_id`` is empty where no model made it."""

    shown_id: str
    tracks: tuple[Recommended, ...]
    source: Source
    model_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tracks may stand in a list: none of ``left_out``, of a blocked artist, or of a plan
    that the listener does not have."""

    left_out: frozenset[str]
    blocked_artists: frozenset[str]
    premium: bool

    def has_artist_of(self, track: Track) -> bool:
        """Whether the artist of the track is not blocked."""
        return track.artist_id not in self.blocked_artists

    def allows(self, track: Track) -> bool:
        """Whether the track may stand in it."""
        return (
            track.id not in self.left_out
            and self.has_artist_of(track)
            and (self.premium or not track.premium)
        )

    def chosen(self, tracks: Iterable[Track], before: Iterable[Recommended]) -> Iterator[Track]:
        """Those that may stand behind the ones ``before``, in their order: each once, and of one
        artist at most ``MOST_OF_ARTIST``."""
        ids = {one.track.id for one in before}
        artists: dict[str, int] = {}
        for one in before:
            artists[one.track.artist_id] = artists.get(one.track.artist_id, 0) + 1
        for track in tracks:
            count = artists.get(track.artist_id, 0)
            if count < MOST_OF_ARTIST and track.id not in ids and self.allows(track):
                artists[track.artist_id] = count + 1
                ids.add(track.id)
                yield track
