"""ISO base media files (ISO/IEC 14496-12) as far as a segmented audio track needs them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from catalog_svc.domain.asset import Fragment


class MalformedBoxes(ValueError):
    """The bytes are not a sequence of boxes, or lack one that must be there."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: where it begins and ends in the file, and its payload."""

    kind: bytes
    offset: int
    end: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class InitFacts:
    """What an initialisation segment says: ticks per second, priming, the samples' usual length."""

    timescale: int
    media_time: int
    default_sample_duration: int


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """The fragments of a media segment, and how many samples (codec frames) they hold."""

    fragments: tuple[Fragment, ...]
    samples: int

    @property
    def duration(self) -> int:
        """Ticks."""
        return sum(fragment.duration for fragment in self.fragments)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two offsets; raises ``MalformedBoxes`` when they do not fit."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise MalformedBoxes(f"{end - start} bytes are left at {start}")
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        if size < header or start + size > end:
            raise MalformedBoxes(f"{kind!r} at {start} has size {size}")
        yield Box(kind, start, start + size, data[start + header : start + size])
        start += size


def find(data: bytes, *path: bytes) -> bytes:
    """The payload of the first box at ``path``, such as (b"moov", b"trak")."""
    for kind in path:
        data = next((box.payload for box in boxes(data) if box.kind == kind), b"")
        if not data:
            raise MalformedBoxes(f"there is no {kind!r}")
    return data


def read_init(data: bytes) -> InitFacts:
    """What ``ftyp`` + ``moov`` of a single track say."""
    trak = find(data, b"moov", b"trak")
    mdhd = find(trak, b"mdia", b"mdhd")
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    trex = find(data, b"moov", b"mvex", b"trex")
    (default_duration,) = struct.unpack_from(">I", trex, 12)
    return InitFacts(timescale, _media_time(trak), default_duration)


def _media_time(trak: bytes) -> int:
    if not any(box.kind == b"edts" for box in boxes(trak)):
        return 0
    elst = find(trak, b"edts", b"elst")
    wide = elst[0] == 1
    media_time: int = struct.unpack_from(">q" if wide else ">i", elst, 16 if wide else 12)[0]
    return max(0, media_time)


def read_media(data: bytes, default_sample_duration: int) -> MediaFacts:
    """The fragments of one media segment; the first takes in what stands before its moof."""
    fragments: list[Fragment] = []
    samples = begin = duration = 0
    for box in boxes(data):
        if box.kind == b"moof":
            count, duration = _run(find(box.payload, b"traf"), default_sample_duration)
            samples += count
        elif box.kind == b"mdat":
            fragments.append(Fragment(begin, box.end - begin, duration))
            begin = box.end
    if not fragments or begin != len(data):
        raise MalformedBoxes("the segment does not end with a fragment")
    return MediaFacts(tuple(fragments), samples)


def _run(traf: bytes, default_duration: int) -> tuple[int, int]:
    """How many samples a fragment has, and their length in ticks."""
    tfhd = find(traf, b"tfhd")
    flags = int.from_bytes(tfhd[1:4], "big")
    if flags & 0x08:
        at = 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0)
        (default_duration,) = struct.unpack_from(">I", tfhd, at)
    trun = find(traf, b"trun")
    flags = int.from_bytes(trun[1:4], "big")
    (count,) = struct.unpack_from(">I", trun, 4)
    if not flags & 0x100:
        return count, count * default_duration
    at = 8 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
    entry = 4 * bin(flags & 0xF00).count("1")
    return count, sum(struct.unpack_from(">I", trun, at + i * entry)[0] for i in range(count))
