"""The few ISO BMFF boxes (ISO/IEC 14496-12) that exact playback needs.

``read_init`` gives the sample rate, the encoder delay and what the decoder is configured with;
``read_span`` gives which ticks of the media timeline a piece holds. A tick is one sample frame:
CMAF audio has its timescale at the sample rate.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"}
_MIN_RATE_HZ, _MAX_RATE_HZ = 8_000, 384_000


class MalformedMedia(ValueError):
    """The bytes are not the fragmented audio that was expected; says which box is wrong."""


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """What an initialisation segment says.

    ``delay`` is the number of ticks before the first audible sample (encoder priming).
    ``configuration`` is equal for two rungs exactly when one decoder can continue across them.
    ``default_duration`` is the ticks of a sample whose fragment states none.
    """

    sample_rate: int
    channels: int
    delay: int
    encrypted: bool
    configuration: tuple[bytes, bytes]
    default_duration: int


@dataclass(frozen=True, slots=True)
class Span:
    """Media ticks ``start`` (inclusive) to ``end`` (exclusive)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    body: memoryview


def _boxes(view: memoryview) -> Iterator[_Box]:
    offset = 0
    while offset < len(view):
        if offset + 8 > len(view):
            raise MalformedMedia("a box header is cut off")
        size, kind = struct.unpack_from(">I4s", view, offset)
        header = 8
        if size == 1 and offset + 16 <= len(view):
            (size,) = struct.unpack_from(">Q", view, offset + 8)
            header = 16
        if size < header or offset + size > len(view):
            raise MalformedMedia(f"box {kind!r} does not fit in its parent")
        yield _Box(kind, view[offset + header : offset + size])
        offset += size


def _walk(view: memoryview) -> Iterator[_Box]:
    for box in _boxes(view):
        yield box
        if box.kind in _CONTAINERS:
            yield from _walk(box.body)


def _unpack(layout: str, body: memoryview, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, body, offset)
    except struct.error as error:
        raise MalformedMedia("a box is shorter than its fields") from error


def _version(body: memoryview) -> int:
    return _unpack(">B", body, 0)[0]


def _first_audible_tick(elst: memoryview) -> int:
    (count,) = _unpack(">I", elst, 4)
    layout, step = (">Qq", 20) if _version(elst) == 1 else (">Ii", 12)
    for index in range(min(count, 4)):
        _, media_time = _unpack(layout, elst, 8 + index * step)
        if media_time >= 0:
            return media_time
    return 0


def _descriptor(body: bytes, tag: int) -> bytes:
    """The content of the descriptor that ``body`` starts with (ISO/IEC 14496-1, 8.3.3)."""
    length = 0
    for offset in range(1, min(5, len(body))):
        length = length << 7 | body[offset] & 0x7F
        if not body[offset] & 0x80:
            if body[0] != tag:
                break
            return body[offset + 1 : offset + 1 + length]
    raise MalformedMedia(f"esds has no descriptor {tag} where one should be")


def _specific_configuration(esds: bytes) -> bytes:
    """The AudioSpecificConfig: descriptor 5 in descriptor 4 (after 13 bytes) in 3 (after 3)."""
    return _descriptor(_descriptor(_descriptor(esds[4:], 3)[3:], 4)[13:], 5)


def _sample_entry(stsd: memoryview) -> tuple[int, bytes, bytes]:
    """Channels, sample entry type and the decoder's configuration."""
    for entry in _boxes(stsd[8:]):
        (channels,) = _unpack(">H", entry.body, 16)
        configuration = b""
        for child in _boxes(entry.body[28:]):
            if child.kind == b"esds":
                configuration = _specific_configuration(bytes(child.body))
            elif child.kind in (b"dfLa", b"dOps", b"alac"):
                configuration = bytes(child.body)
        return channels, entry.kind, configuration
    raise MalformedMedia("stsd has no sample entry")


def read_init(init: bytes) -> TrackFormat:
    """Read an initialisation segment. Raises MalformedMedia."""
    timescale = delay = default_duration = 0
    entry: tuple[int, bytes, bytes] | None = None
    for box in _walk(memoryview(init)):
        if box.kind == b"mdhd":
            (timescale,) = _unpack(">I", box.body, 20 if _version(box.body) == 1 else 12)
        elif box.kind == b"elst":
            delay = _first_audible_tick(box.body)
        elif box.kind == b"stsd":
            entry = _sample_entry(box.body)
        elif box.kind == b"trex":
            (default_duration,) = _unpack(">I", box.body, 12)
    if entry is None or not _MIN_RATE_HZ <= timescale <= _MAX_RATE_HZ:
        raise MalformedMedia("the initialisation segment describes no audio track")
    channels, kind, configuration = entry
    return TrackFormat(
        timescale, channels, delay, kind == b"enca", (kind, configuration), default_duration
    )


def _run_ticks(trun: memoryview, default_duration: int) -> int:
    flags, count = _unpack(">II", trun, 0)
    flags &= 0xFFFFFF
    if not flags & 0x100:
        return count * default_duration
    offset = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    fields = sum(1 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    ticks = _unpack(f">{count * fields}I", trun, offset)
    return sum(ticks[::fields])


def _default_duration(tfhd: memoryview, fallback: int) -> int:
    (flags,) = _unpack(">I", tfhd, 0)
    if not flags & 0x8:
        return fallback
    offset = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    return _unpack(">I", tfhd, offset)[0]


def read_span(piece: bytes, track: TrackFormat) -> Span:
    """The ticks that a piece holds. Raises MalformedMedia for a gap or for no fragment at all."""
    start: int | None = None
    end = 0
    duration = track.default_duration
    for box in _walk(memoryview(piece)):
        if box.kind == b"tfhd":
            duration = _default_duration(box.body, track.default_duration)
        elif box.kind == b"tfdt":
            (tick,) = _unpack(">Q" if _version(box.body) == 1 else ">I", box.body, 4)
            if start is not None and tick != end:
                raise MalformedMedia(f"a gap inside a piece: tick {tick} follows {end}")
            start = tick if start is None else start
            end = tick
        elif box.kind == b"trun":
            end += _run_ticks(box.body, duration)
    if start is None or end <= start:
        raise MalformedMedia("the piece holds no audio")
    return Span(start, end)


class FragmentSplitter:
    """Cuts a piece into its fragments while it arrives, so that each can be played at once."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._scanned = 0

    @property
    def pending(self) -> int:
        """Bytes that are not part of a whole fragment yet."""
        return len(self._pending)

    def feed(self, arrived: bytes) -> list[bytes]:
        """The fragments now whole: all up to the end of an mdat box. Raises MalformedMedia."""
        self._pending += arrived
        whole: list[bytes] = []
        while len(self._pending) >= self._scanned + 8:
            size, kind = struct.unpack_from(">I4s", self._pending, self._scanned)
            if size < 8:
                raise MalformedMedia(f"box {kind!r} has no usable size")
            if len(self._pending) < self._scanned + size:
                break
            self._scanned += size
            if kind == b"mdat":
                whole.append(bytes(self._pending[: self._scanned]))
                del self._pending[: self._scanned]
                self._scanned = 0
        return whole
