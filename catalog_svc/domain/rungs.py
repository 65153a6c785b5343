"""A rung's numbers from its packaged boxes."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.domain.asset import Rung, Segment, StoredObject
from catalog_svc.domain.audio import RungPlan
from catalog_svc.domain.bmff import InitFacts, MalformedBoxes, MediaFacts


def rung_of(
    plan: RungPlan,
    codecs: str,
    *,
    init: tuple[StoredObject, InitFacts],
    media: Sequence[tuple[StoredObject, MediaFacts]],
    num_samples: int,
) -> Rung:
    """The rung that these stored segments are; ``num_samples`` is what the source has.

    Raises ``MalformedBoxes`` when they hold less than the source.
    """
    init_object, facts = init
    segments = tuple(Segment(stored, part.duration, part.fragments) for stored, part in media)
    ticks = sum(segment.duration for segment in segments)
    decoded = ticks
    if plan.codec == "aac":
        # Whole frames come out of a decoder, whatever the shortened last duration says.
        decoded = sum(part.samples for _, part in media) * facts.default_sample_duration
    padding = decoded - facts.media_time - num_samples
    if padding < 0:
        raise MalformedBoxes(f"rung {plan.name} lacks {-padding} samples of its source")
    average_bps = _bps(sum(segment.object.size for segment in segments), ticks, facts)
    return Rung(
        name=plan.name,
        codecs=codecs,
        bitrate_kbps=plan.kbps or round(average_bps / 1000),
        peak_bps=_peak_bps(segments, facts),
        average_bps=average_bps,
        timescale=facts.timescale,
        encoder_delay=facts.media_time,
        end_padding=padding,
        init=init_object,
        segments=segments,
    )


def _peak_bps(segments: Sequence[Segment], facts: InitFacts) -> int:
    """The highest rate of a segment; a short last one, mostly headers, says nothing of rates."""
    longest = max(segment.duration for segment in segments)
    telling = [segment for segment in segments if 2 * segment.duration >= longest]
    return max(_bps(segment.object.size, segment.duration, facts) for segment in telling)


def _bps(size: int, ticks: int, facts: InitFacts) -> int:
    return round(size * 8 * facts.timescale / ticks)
