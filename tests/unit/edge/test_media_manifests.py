"""Manifests are pure functions of a descriptor and the rungs that are allowed."""

from __future__ import annotations

from decimal import Decimal

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from media_descriptors import descriptor, rung

from edge.media.domain import dash, hls
from edge.media.domain.ladder import allowed_rungs, microseconds

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
AAC_SECOND = 44_032


@given(
    st.lists(st.integers(min_value=1, max_value=10**7), min_size=1, max_size=50),
    st.sampled_from([1, 1000, 44_100, 48_000, 90_000]),
)
def test_rounded_durations_never_drift(ticks: list[int], timescale: int) -> None:
    total = sum(microseconds(ticks, timescale))
    assert total == round(Decimal(sum(ticks)) * 1_000_000 / timescale)


@given(st.lists(st.integers(min_value=44_100, max_value=600_000), min_size=1, max_size=20))
def test_no_entry_is_longer_than_the_target_duration(ticks: list[int]) -> None:
    playlist = m3u8.loads(hls.media_playlist(rung("128", ticks)))
    assert all(round(s.duration) <= playlist.target_duration for s in playlist.segments)


def test_the_first_three_segments_are_listed_by_their_fragments() -> None:
    text = hls.media_playlist(rung("128", [88_200] * 4, fragments=[44_100, 44_100]))
    entries = [(s.uri, s.byterange) for s in m3u8.loads(text).segments]
    pieces = [(f"{n}.m4s", span) for n in (1, 2, 3) for span in ("100@0", "100@100")]
    assert entries == [*pieces, ("4.m4s", "4000@0")]


def test_a_fragment_of_a_single_frame_joins_the_one_before() -> None:
    text = hls.media_playlist(rung("128", [89_224], fragments=[44_100, 44_100, 1024]))
    entries = [(s.byterange, s.duration) for s in m3u8.loads(text).segments]
    assert entries == [("100@0", 1.0), ("200@100", pytest.approx(45_124 / 44_100, abs=1e-6))]


def test_a_segment_of_one_fragment_is_listed_whole() -> None:
    text = hls.media_playlist(rung("128", [44_100], fragments=[44_100]))
    assert "1.m4s" in text
    assert len(m3u8.loads(text).segments) == 1


def test_only_granted_rungs_are_allowed_in_the_descriptors_order() -> None:
    asset = descriptor(rung("128", [1]), rung("256", [1]), rung("flac", [1], codecs="fLaC"))
    names = [r.name for r in allowed_rungs(asset, ("flac", "128", "none"))]
    assert names == ["128", "flac"]


def test_the_master_lists_the_rungs_in_order_without_renditions() -> None:
    text = hls.master_playlist([rung("128", [1]), rung("flac", [1], codecs="fLaC")])
    assert [p.uri for p in m3u8.loads(text).playlists] == ["128/index.m3u8", "flac/index.m3u8"]
    assert "EXT-X-MEDIA" not in text


def test_every_address_is_relative() -> None:
    rungs = [rung("128", [1, 1])]
    texts = [hls.master_playlist(rungs), hls.media_playlist(rungs[0])]
    for line in "\n".join(texts).splitlines():
        assert line.startswith("#") or not line.startswith(("/", "http"))


def test_the_mpd_joins_equal_neighbours_and_starts_at_zero() -> None:
    asset = descriptor(rung("128", [10, 10, 10, 7]))
    root = etree.fromstring(dash.manifest(asset, list(asset.rungs)).encode())
    found = [dict(s.attrib) for s in root.iter(f"{MPD}S")]
    assert found == [{"t": "0", "d": "10", "r": "2"}, {"d": "7"}]


@pytest.mark.parametrize(
    ("samples", "duration"),
    [(44_100 * 37 + 22_050, "PT37.5S"), (44_100, "PT1S"), (1, "PT0.000023S"), (0, "PT2S")],
)
def test_the_mpd_lasts_as_long_as_the_source(samples: int, duration: str) -> None:
    asset = descriptor(rung("128", [44_100, 44_100]), num_samples=samples)
    root = etree.fromstring(dash.manifest(asset, list(asset.rungs)).encode())
    assert root.get("mediaPresentationDuration") == duration
    assert root.find(f"{MPD}Period").get("duration") == duration


def test_flac_has_an_adaptation_set_of_its_own() -> None:
    rungs = [rung("128", [1]), rung("320", [1]), rung("flac", [1], codecs="fLaC")]
    root = etree.fromstring(dash.manifest(descriptor(*rungs), rungs).encode())
    sets = [
        [r.get("id") for r in s.iter(f"{MPD}Representation")]
        for s in root.iter(f"{MPD}AdaptationSet")
    ]
    assert sets == [["128", "320"], ["flac"]]


def test_a_hostile_name_cannot_break_out_of_the_mpd() -> None:
    rungs = [rung('x"/><evil', [1], codecs='a"b')]
    root = etree.fromstring(dash.manifest(descriptor(*rungs), rungs).encode())
    assert [r.get("id") for r in root.iter(f"{MPD}Representation")] == ['x"/><evil']
