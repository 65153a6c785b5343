"""Artists, albums and tracks as the rest of the service sees them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

MAX_NAME = 500
"""Characters of a title or name."""

MAX_GENRES = 20
TOP_TRACKS = 10

SILENT_ARTIST = "silent_artist"
"""The entity of the feed for an artist that is not living."""

SILENT_ALBUM = "silent_album"
"""The entity of the feed for an album that is not living."""


class Access(enum.IntEnum):
    """Who may play a track; the numbers are the contract's."""

    FREE = 1
    PREMIUM = 2


class TrackState(enum.IntEnum):
    """How far a track is from a file to a stream; the numbers are the contract's."""

    PENDING = 1
    READY = 2
    FAILED = 3


LIVING_STATES = frozenset({TrackState.PENDING, TrackState.READY})
"""The states of tracks that can be played or will be."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128: integrated loudness in LUFS and the highest true peak in dBTP."""

    integrated_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True, slots=True)
class Track:
    """A recording. ``artwork`` is the hex SHA-256 of its cover or empty.

    One that is ``hidden`` is found, listed and played by nobody: it was ``taken_down`` itself, or
    its album or an artist of it was.
    """

    id: str
    title: str
    artist: str
    artist_id: str
    album: str
    album_id: str
    disc_number: int
    track_number: int
    duration_ms: int
    genres: tuple[str, ...]
    year: int
    streams_total: int
    bitrates_kbps: tuple[int, ...]
    lossless: bool
    access: Access
    state: TrackState
    artwork: str
    loudness: Loudness | None
    created_at: datetime
    version: int
    hidden: bool = False
    taken_down: bool = False

    @property
    def rungs(self) -> tuple[str, ...]:
        """What can be streamed of it, by rising quality."""
        names = tuple(str(kbps) for kbps in self.bitrates_kbps)
        return (*names, "flac") if self.lossless else names


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist, one a folded name.

    ``living``: a track of it, or on an album of it, was neither refused nor hidden; search leaves
    others out. ``taken_down``: nobody finds or lists it, and its tracks are hidden; those do not
    count.
    """

    id: str
    name: str
    bio: str
    followers_count: int
    track_count: int
    created_at: datetime
    version: int
    living: bool = True
    taken_down: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """An album, one a folded title and artist. ``artwork`` is hex SHA-256 or empty.

    ``living``: a track of it was neither refused nor hidden; search leaves others out.
    ``taken_down``: nobody finds or lists it, and its tracks are hidden. Hidden tracks do not count.
    """

    id: str
    title: str
    artist: str
    artist_id: str
    year: int
    track_count: int
    total_duration_ms: int
    artwork: str
    created_at: datetime
    version: int
    living: bool = True
    taken_down: bool = False


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre as tags spell it, and how many tracks it has that are neither refused nor hidden."""

    name: str
    track_count: int


@dataclass(frozen=True, slots=True)
class ReleaseYear:
    """A year of release, and how many tracks and living albums are of it.

    Tracks that are refused or hidden are not counted.
    """

    year: int
    track_count: int
    album_count: int


@dataclass(frozen=True, slots=True)
class Playable:
    """What playback needs. ``descriptor`` is empty until the first rung is READY.

    ``failure`` says for people why the track is FAILED; ``file`` is the name of its file.
    """

    track: Track
    descriptor: str
    rungs: tuple[tuple[str, int], ...]
    file: str
    failure: str


@dataclass(frozen=True, slots=True)
class Streamable:
    """A track with a READY rung: its version, newest descriptor, and the rungs of that one."""

    track_id: str
    version: int
    descriptor: str
    rungs: tuple[tuple[str, int], ...]
