"""Boxes of ISO base media files, made by hand."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_svc.domain.asset import Asset, Fragment, Rung, StoredObject
from catalog_svc.domain.audio import RungPlan, stage_rungs
from catalog_svc.domain.bmff import (
    InitFacts,
    MalformedBoxes,
    MediaFacts,
    boxes,
    read_init,
    read_media,
)
from catalog_svc.domain.rungs import rung_of

AAC = RungPlan("128", "aac", 128)
STORED = StoredObject(bytes(32), 160_000)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def init(*, media_time: int | None = 1024, timescale: int = 44_100) -> bytes:
    mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, timescale, 0, 0))
    elst = box(b"elst", struct.pack(">IIIiI", 0, 1, 0, media_time or 0, 0x10000))
    edts = box(b"edts", elst) if media_time is not None else b""
    trex = box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 1024, 0, 0))
    trak = box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", mdhd), edts)
    return box(b"ftyp", bytes(28)) + box(b"moov", trak, box(b"mvex", trex))


def fragment(durations: list[int] | int, *, default: int | None = None) -> bytes:
    """A moof + mdat of so many samples, or of samples with these durations."""
    flags = 0x020000 | (0x08 if default else 0)
    tfhd = struct.pack(">II", flags, 1) + (struct.pack(">I", default) if default else b"")
    if isinstance(durations, int):
        trun = struct.pack(">IIi", 0x000201, durations, 0) + bytes(4 * durations)
    else:
        entries = b"".join(struct.pack(">II", duration, 100) for duration in durations)
        trun = struct.pack(">IIi", 0x000301, len(durations), 0) + entries
    moof = box(
        b"moof", box(b"mfhd", bytes(8)), box(b"traf", box(b"tfhd", tfhd), box(b"trun", trun))
    )
    return moof + box(b"mdat", bytes(50))


def test_an_initialisation_segment_tells_its_clock_and_priming() -> None:
    assert read_init(init()) == InitFacts(44_100, 1024, 1024)
    assert read_init(init(media_time=None, timescale=48_000)) == InitFacts(48_000, 0, 1024)


def test_fragments_cover_their_segment_without_gap() -> None:
    styp, one, two = box(b"styp", bytes(12)), fragment(86), fragment([1024, 1000])
    facts = read_media(styp + one + two, 1024)
    assert facts.fragments == (
        Fragment(0, len(styp) + len(one), 86 * 1024),
        Fragment(len(styp) + len(one), len(two), 2024),
    )
    assert (facts.samples, facts.duration) == (88, 86 * 1024 + 2024)


def test_a_fragment_may_bring_its_own_duration() -> None:
    assert read_media(fragment(3, default=960), 1024).duration == 2880


def test_a_box_of_64_bits_is_read() -> None:
    wide = struct.pack(">I4sQ", 1, b"free", 20) + bytes(4)
    assert [one.payload for one in boxes(wide)] == [bytes(4)]


@pytest.mark.parametrize(
    "data",
    [b"\0\0\0\x07free", b"\0\0\0\x10free", b"\0\0", box(b"styp"), fragment(1) + box(b"free")],
    ids=["too small", "too large", "cut", "no fragment", "trailing box"],
)
def test_malformed_segments_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedBoxes):
        read_media(data, 1024)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_walk(data: bytes) -> None:
    try:
        assert sum(one.end - one.offset for one in boxes(data)) == len(data)
    except MalformedBoxes:
        return


def media(*ticks: int, samples: int) -> list[tuple[StoredObject, MediaFacts]]:
    parts = [MediaFacts((Fragment(0, STORED.size, length),), 0) for length in ticks]
    return [(STORED, part) for part in [*parts[:-1], MediaFacts(parts[-1].fragments, samples)]]


def rung(num_samples: int, samples: int = 862) -> Rung:
    facts = InitFacts(44_100, 1024, 1024)
    segments = media(441_000, 440_000, samples=samples)
    return rung_of(AAC, "mp4a.40.2", init=(STORED, facts), media=segments, num_samples=num_samples)


def test_padding_is_what_whole_frames_hold_beyond_the_source() -> None:
    made = rung(881_000)
    assert (made.encoder_delay, made.end_padding) == (1024, 862 * 1024 - 1024 - 881_000)


def test_a_rung_shorter_than_its_source_is_no_rung() -> None:
    with pytest.raises(MalformedBoxes):
        rung(890_000)


def test_rates_come_from_sizes_and_a_short_end_is_no_peak() -> None:
    facts = InitFacts(44_100, 1024, 1024)
    segments = media(441_000, 100, samples=500)
    made = rung_of(AAC, "mp4a.40.2", init=(STORED, facts), media=segments, num_samples=400_000)
    assert made.peak_bps == 128_000
    assert made.average_bps == round(320_000 * 8 * 44_100 / 441_100)


def test_an_asset_keeps_its_rungs_in_order() -> None:
    made = rung(881_000)
    flac = Rung("flac", "fLaC", 900, 1, 1, 44_100, 0, 0, STORED, ())
    low = Rung("96", "mp4a.40.2", 96, 1, 1, 44_100, 0, 0, STORED, ())
    asset = Asset("track", 20_000, 44_100, 2, 882_000, ()).with_rungs((flac, made))
    assert [one.name for one in asset.with_rungs((low,)).rungs] == ["96", "128", "flac"]
    assert asset.with_rungs((made,)) == asset


def test_the_stages_together_are_the_ladder() -> None:
    names = [plan.name for stage in (1, 2) for plan in stage_rungs(stage, lossless=True)]
    assert names == ["128", "320", "192", "256", "flac"]
    assert "flac" not in [plan.name for plan in stage_rungs(2, lossless=False)]
