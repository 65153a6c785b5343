"""Comparing 16-bit stereo PCM: length, likeness, silence."""

from __future__ import annotations

import array
import itertools
import math

FRAME_BYTES = 4


def frames(pcm: bytes | bytearray) -> int:
    """Sample frames in a block; fails on a part of a frame."""
    assert len(pcm) % FRAME_BYTES == 0
    return len(pcm) // FRAME_BYTES


def likeness(one: bytes | bytearray, other: bytes | bytearray) -> float:
    """Correlation of two blocks of the same length: 1.0 for equal ones.

    AAC decoders may fill noise bands as they like, so that two decodes need not be equal.
    """
    a, b = _samples(one), _samples(other)
    assert len(a) == len(b)
    return _correlation(a, b)


def misalignment(one: bytes | bytearray, other: bytes | bytearray, within: int = 4) -> int:
    """By how many frames ``one`` must be moved to be most like ``other``: 0 when they align."""
    a, b = _samples(one), _samples(other)
    shifts = sorted(range(-within, within + 1), key=abs)
    return max(shifts, key=lambda shift: _correlation(*_shifted(a, b, 2 * shift)))


def _samples(pcm: bytes | bytearray) -> array.array[int]:
    return array.array("h", bytes(pcm))


def _shifted(
    a: array.array[int], b: array.array[int], by: int
) -> tuple[array.array[int], array.array[int]]:
    size = len(a) - abs(by)
    return a[max(0, -by) :][:size], b[max(0, by) :][:size]


def _correlation(a: array.array[int], b: array.array[int]) -> float:
    cross = sum(x * y for x, y in zip(a, b, strict=True))
    return cross / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def longest_silence(pcm: bytes | bytearray) -> int:
    """The longest run of sample frames that are all zero."""
    samples = array.array("h", bytes(pcm))
    runs = itertools.groupby(
        zip(samples[::2], samples[1::2], strict=True), key=lambda f: f == (0, 0)
    )
    return max((sum(1 for _ in group) for silent, group in runs if silent), default=0)


def cut(pcm: bytes | bytearray, start: int, stop: int | None = None) -> bytes:
    """Frames from ``start`` to ``stop``."""
    return bytes(pcm[start * FRAME_BYTES : None if stop is None else stop * FRAME_BYTES])
