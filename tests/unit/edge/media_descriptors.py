"""Descriptors for tests of the manifests, without audio behind them."""

from __future__ import annotations

from collections.abc import Sequence

from segue.catalog.v1.asset_pb2 import AssetDescriptor, Fragment, Rung, Segment, StoredObject


def rung(
    name: str,
    durations: Sequence[int],
    *,
    codecs: str = "mp4a.40.2",
    timescale: int = 44_100,
    fragments: Sequence[int] = (),
) -> Rung:
    """A rung of segments that last ``durations`` ticks; those that ``fragments`` add up to have
    them.
    """
    segments = [
        Segment(object=StoredObject(sha256=bytes([n] * 32), size=1000 * (n + 1)), duration=ticks)
        for n, ticks in enumerate(durations)
    ]
    for segment in (each for each in segments if each.duration == sum(fragments)):
        segment.fragments.extend(
            Fragment(offset=100 * n, size=100, duration=ticks) for n, ticks in enumerate(fragments)
        )
    return Rung(
        name=name,
        codecs=codecs,
        peak_bps=140_000,
        average_bps=130_000,
        timescale=timescale,
        init=StoredObject(sha256=b"i" * 32, size=800),
        segments=segments,
    )


def descriptor(*rungs: Rung, num_samples: int = 0) -> AssetDescriptor:
    """A stereo asset at 44.1 kHz."""
    return AssetDescriptor(
        format_version=1, sample_rate_hz=44_100, channels=2, num_samples=num_samples, rungs=rungs
    )
