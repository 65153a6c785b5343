"""The DASH manifest (ISO/IEC 23009-1, isoff-live, static) of an asset descriptor. Pure functions.

All addresses are relative, so that players stay within the signed path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from xml.sax.saxutils import quoteattr

from segue.catalog.v1.asset_pb2 import AssetDescriptor, Rung

from edge.media.domain.ladder import asset_seconds, is_lossless, presented_ticks

CONTENT_TYPE = "application/dash+xml"

_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILE = "urn:mpeg:dash:profile:isoff-live:2011"
_CHANNELS_SCHEME = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"


def manifest(descriptor: AssetDescriptor, rungs: Sequence[Rung]) -> str:
    """The MPD: one AdaptationSet for the AAC ladder, one for FLAC, whose segments border elsewhere.

    ``rungs`` are those that this listener may have, at least one.
    """
    duration = _iso_duration(asset_seconds(descriptor, rungs))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<MPD xmlns="{_NAMESPACE}" profiles="{_PROFILE}" type="static" minBufferTime="PT2S"',
        f'     mediaPresentationDuration="{duration}">',
        f'  <Period id="0" start="PT0S" duration="{duration}">',
    ]
    ladders = ([r for r in rungs if is_lossless(r) is lossless] for lossless in (False, True))
    for identifier, ladder in enumerate(filter(None, ladders)):
        lines.extend(_adaptation_set(identifier, ladder, descriptor))
    lines += ["  </Period>", "</MPD>"]
    return "\n".join(lines) + "\n"


def _adaptation_set(
    identifier: int, rungs: Sequence[Rung], descriptor: AssetDescriptor
) -> Iterator[str]:
    yield (
        f'    <AdaptationSet id="{identifier}" contentType="audio" mimeType="audio/mp4"'
        ' segmentAlignment="true" startWithSAP="1">'
    )
    yield '      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>'
    for rung in rungs:
        yield (
            f'      <Representation id={quoteattr(rung.name)} bandwidth="{rung.peak_bps}"'
            f" codecs={quoteattr(rung.codecs)}"
            f' audioSamplingRate="{descriptor.sample_rate_hz}">'
        )
        yield (
            f'        <AudioChannelConfiguration schemeIdUri="{_CHANNELS_SCHEME}"'
            f' value="{descriptor.channels}"/>'
        )
        yield from _segment_template(rung)
        yield "      </Representation>"
    yield "    </AdaptationSet>"


def _segment_template(rung: Rung) -> Iterator[str]:
    yield (
        f'        <SegmentTemplate timescale="{rung.timescale}" startNumber="1"'
        ' initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">'
    )
    yield "          <SegmentTimeline>"
    for index, (duration, count) in enumerate(_runs(presented_ticks(rung))):
        start = ' t="0"' if index == 0 else ""
        repeat = f' r="{count - 1}"' if count > 1 else ""
        yield f'            <S{start} d="{duration}"{repeat}/>'
    yield "          </SegmentTimeline>"
    yield "        </SegmentTemplate>"


def _runs(durations: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Equal neighbours as (duration, how many)."""
    for duration, group in groupby(durations):
        yield duration, sum(1 for _ in group)


def _iso_duration(seconds: Fraction) -> str:
    """An xs:duration rounded to the microsecond, e.g. ``PT37.5S``."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    decimals = f".{micro:06d}".rstrip("0").rstrip(".")
    return f"PT{whole}{decimals}S"
