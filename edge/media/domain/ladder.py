"""The rungs of an asset that one listener may have, and exact times on their segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from segue.catalog.v1.asset_pb2 import AssetDescriptor, Rung

_MICRO = 1_000_000


def allowed_rungs(descriptor: AssetDescriptor, grants: Collection[str]) -> list[Rung]:
    """The rungs of ``descriptor`` that ``grants`` name, in the descriptor's order."""
    return [rung for rung in descriptor.rungs if rung.name in grants]


def is_lossless(rung: Rung) -> bool:
    """Whether the rung is not AAC, so that its segment borders differ from the AAC ladder's."""
    return not rung.codecs.startswith("mp4a")


def presented_ticks(rung: Rung) -> list[int]:
    """The lengths of a rung's segments as they are heard.

    The first holds the encoder's priming as well, which players drop by the edit list: a manifest
    that counted it would end later than the sound, and a player would wait there for more.
    """
    ticks = [segment.duration for segment in rung.segments]
    return [ticks[0] - rung.encoder_delay, *ticks[1:]] if ticks else ticks


def segment_ms(rung: Rung, number: int) -> int:
    """How long the segment ``number``, from 1, is heard, in ms."""
    ticks = rung.segments[number - 1].duration - (rung.encoder_delay if number == 1 else 0)
    return max(0, round(Fraction(1000 * ticks, rung.timescale)))


def rung_seconds(rung: Rung) -> Fraction:
    """The length of a rung as it is heard: the exact sum of its segments."""
    return Fraction(sum(presented_ticks(rung)), rung.timescale)


def asset_seconds(descriptor: AssetDescriptor, rungs: Iterable[Rung]) -> Fraction:
    """The length of the asset: the source's samples; where unknown, the longest rung."""
    if descriptor.num_samples > 0 and descriptor.sample_rate_hz > 0:
        return Fraction(descriptor.num_samples, descriptor.sample_rate_hz)
    return max((rung_seconds(rung) for rung in rungs), default=Fraction(0))


def microseconds(ticks: Sequence[int], timescale: int) -> list[int]:
    """Durations of ``ticks`` in microseconds whose sum is the rounded total: no drift.

    Each border, not each duration, is rounded.
    """
    borders = [0]
    elapsed = 0
    for duration in ticks:
        elapsed += duration
        borders.append(round(Fraction(elapsed * _MICRO, timescale)))
    return [after - before for before, after in pairwise(borders)]


def decimal_seconds(duration_us: int) -> str:
    """Microseconds as seconds with six decimals, e.g. ``10.007800``."""
    return f"{duration_us // _MICRO}.{duration_us % _MICRO:06d}"
