"""What a stream offers: rungs, and for each rung the pieces of its timeline.

A *rung* is one encoding of the whole track. A *piece* is what one request fetches: a whole segment
or a byte range of one. Times are seconds from the start of the playlist.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import cached_property

BOUNDARY_TOLERANCE_S = 0.005


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``length`` bytes from ``offset`` on."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Resource:
    """An absolute address, whole or in part."""

    url: str
    byte_range: ByteRange | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One encoding: its nominal bitrate in kbit/s, its codec, and where its playlist is.

    ``name`` is what the mesh calls it, e.g. "128" or "flac"; empty in a stream from elsewhere.
    """

    kbps: int
    codec: str
    url: str
    name: str = ""

    @property
    def lossless(self) -> bool:
        """Whether the codec keeps every sample; such a rung is only taken when asked for."""
        return self.codec.lower().startswith(("flac", "alac"))


@dataclass(frozen=True, slots=True)
class Piece:
    """One request's worth of audio: ``duration_s`` seconds from ``start_s`` on."""

    resource: Resource
    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        """Where the next piece starts."""
        return self.start_s + self.duration_s


@dataclass(frozen=True)
class MediaPlaylist:
    """The timeline of one rung: the initialisation segment, then pieces without a gap."""

    init: Resource
    pieces: tuple[Piece, ...]
    target_duration_s: float

    @cached_property
    def _starts(self) -> list[float]:
        return [piece.start_s for piece in self.pieces]

    @cached_property
    def segment_s(self) -> float:
        """The length of a whole segment: the longest piece."""
        return max(piece.duration_s for piece in self.pieces)

    @property
    def duration_s(self) -> float:
        """Length of the timeline."""
        return self.pieces[-1].end_s

    def index_at(self, position_s: float) -> int:
        """The piece that holds a position; the first or last one when it lies outside."""
        return max(0, bisect.bisect_right(self._starts, position_s) - 1)

    def index_starting(self, start_s: float) -> int | None:
        """The piece that starts where another rung's piece does; None when the grids differ."""
        right = bisect.bisect_left(self._starts, start_s)
        near = min(
            range(max(0, right - 1), min(len(self._starts), right + 1)),
            key=lambda index: abs(self._starts[index] - start_s),
            default=None,
        )
        if near is None or abs(self._starts[near] - start_s) > BOUNDARY_TOLERANCE_S:
            return None
        return near


@dataclass(frozen=True, slots=True)
class Quality:
    """What the listener asked for.

    ``lossless`` takes the lossless rung where there is one. ``kbps`` holds the AAC rung nearest
    below (or the lowest). Neither: rungs follow the link.
    """

    lossless: bool = False
    kbps: int | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs that may be chosen among, lowest first; never empty, one codec family."""

    rungs: tuple[Rung, ...]

    @classmethod
    def of(cls, offered: tuple[Rung, ...], quality: Quality) -> Ladder:
        """Keep what ``quality`` allows of what the stream offers (at least one rung)."""
        lossy = sorted((r for r in offered if not r.lossless), key=lambda r: r.kbps)
        lossless = sorted((r for r in offered if r.lossless), key=lambda r: r.kbps)
        if (quality.lossless and lossless) or not lossy:
            return cls((lossless[-1],))
        if quality.kbps is None:
            return cls(tuple(lossy))
        within = [r for r in lossy if r.kbps <= quality.kbps]
        return cls((within[-1] if within else lossy[0],))

    def matching(self, kbps: int) -> Rung:
        """The rung of this bitrate, or the nearest below, or the lowest."""
        within = [r for r in self.rungs if r.kbps <= kbps]
        return within[-1] if within else self.rungs[0]
