"""How a track is stored for streaming: rungs of segments of fragments, all named by hash."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

FORMAT_VERSION = 1
FLAC = "flac"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An immutable object: SHA-256 of its bytes (32 bytes) and its length in bytes."""

    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A moof + mdat pair: bytes within its segment, length in ticks of the rung."""

    offset: int
    size: int
    duration: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment and the fragments that cover it without gap."""

    object: StoredObject
    duration: int
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """One encoding: nominal, mean and peak rates; durations in ticks of ``timescale``.

    ``encoder_delay`` and ``end_padding`` are samples before and after those of the source.
    """

    name: str
    codecs: str
    bitrate_kbps: int
    peak_bps: int
    average_bps: int
    timescale: int
    encoder_delay: int
    end_padding: int
    init: StoredObject
    segments: tuple[Segment, ...]

    @property
    def size(self) -> int:
        """Bytes of all that is fetched to play it from beginning to end."""
        return self.init.size + sum(segment.object.size for segment in self.segments)

    @property
    def order(self) -> tuple[bool, int]:
        """Sort key: AAC by rising bitrate, FLAC last."""
        return self.name == FLAC, self.bitrate_kbps


@dataclass(frozen=True, slots=True)
class Asset:
    """The READY rungs of a track; ``num_samples`` at ``sample_rate_hz`` is what the source has."""

    track_id: str
    duration_ms: int
    sample_rate_hz: int
    channels: int
    num_samples: int
    rungs: tuple[Rung, ...]

    def with_rungs(self, rungs: tuple[Rung, ...]) -> Self:
        """This asset with more rungs, in their order; an equal name is replaced."""
        named = {rung.name: rung for rung in (*self.rungs, *rungs)}
        return replace(self, rungs=tuple(sorted(named.values(), key=lambda rung: rung.order)))
