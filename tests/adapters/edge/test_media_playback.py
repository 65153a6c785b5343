"""What the origin serves is played to its end by FFmpeg and read by strict parsers."""

from __future__ import annotations

from pathlib import Path

import m3u8
import pytest
from lxml import etree
from m3u8 import version_matching
from media_origin import Origin
from packaged_asset import DURATION_S, NUM_SAMPLES, ffmpeg

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
# FFmpeg decodes the last AAC frame whole; FLAC is exact.
AAC_FRAME = 1024


def decoded_samples(url: str, *options: str) -> int:
    """How many samples a channel FFmpeg decodes from ``url`` (s16, stereo)."""
    output = ffmpeg("-i", url, *options, "-f", "framemd5", "-c:a", "pcm_s16le", "-")
    rows = [row.split(",") for row in output.splitlines() if not row.startswith("#")]
    return sum(int(row[4]) for row in rows) // 4


def mpd_addresses(manifest: bytes) -> dict[str, list[str]]:
    """What a DASH client fetches for each representation, by its SegmentTemplate, in order."""
    found = {}
    for representation in etree.fromstring(manifest).iter(f"{MPD}Representation"):
        (template,) = representation.findall(f"{MPD}SegmentTemplate")
        count = sum(1 + int(s.get("r", "0")) for s in template.iter(f"{MPD}S"))
        first = int(template.get("startNumber"))
        names = [template.get("initialization")]
        names += [template.get("media").replace("$Number$", str(first + n)) for n in range(count)]
        rung = representation.get("id")
        found[rung] = [name.replace("$RepresentationID$", rung) for name in names]
    return found


@pytest.mark.parametrize("rung", ["128", "256"])
def test_ffmpeg_plays_an_aac_rung_over_hls_to_its_end(origin: Origin, rung: str) -> None:
    samples = decoded_samples(f"{origin.url}{origin.path()}/{rung}/index.m3u8")
    assert NUM_SAMPLES <= samples < NUM_SAMPLES + 2 * AAC_FRAME


def test_ffmpeg_plays_flac_over_hls_exactly(origin: Origin) -> None:
    assert decoded_samples(f"{origin.url}{origin.path()}/flac/index.m3u8") == NUM_SAMPLES


def test_ffmpeg_plays_the_hls_master_to_its_end(origin: Origin) -> None:
    samples = decoded_samples(f"{origin.url}{origin.path('128')}/master.m3u8")
    assert NUM_SAMPLES <= samples < NUM_SAMPLES + 2 * AAC_FRAME


@pytest.mark.parametrize(("rung", "slack"), [("128", 2 * AAC_FRAME), ("flac", 1)])
def test_ffmpeg_plays_what_the_mpd_lists_to_its_end(
    origin: Origin, tmp_path: Path, rung: str, slack: int
) -> None:
    path = origin.path()
    joined = tmp_path / "joined.mp4"
    addresses = mpd_addresses(origin.get(f"{path}/manifest.mpd").content)[rung]
    joined.write_bytes(b"".join(origin.get(f"{path}/{name}").content for name in addresses))
    samples = decoded_samples(str(joined))
    assert NUM_SAMPLES <= samples < NUM_SAMPLES + slack


def test_the_master_is_strict_hls_with_a_variant_a_rung(origin: Origin) -> None:
    text = origin.get(f"{origin.path()}/master.m3u8").text
    assert version_matching.validate(text.strip().splitlines()) == []
    master = m3u8.loads(text, custom_tags_parser=None)
    m3u8.parser.parse(text, strict=True)
    assert [playlist.uri for playlist in master.playlists] == [
        "128/index.m3u8",
        "256/index.m3u8",
        "flac/index.m3u8",
    ]
    for playlist in master.playlists:
        assert playlist.stream_info.codecs in ("mp4a.40.2", "fLaC")
        assert playlist.stream_info.bandwidth >= playlist.stream_info.average_bandwidth > 100_000


@pytest.mark.parametrize("rung", ["128", "flac"])
def test_a_media_playlist_is_strict_hls_that_covers_every_byte(origin: Origin, rung: str) -> None:
    path = origin.path()
    text = origin.get(f"{path}/{rung}/index.m3u8").text
    assert version_matching.validate(text.strip().splitlines()) == []
    m3u8.parser.parse(text, strict=True)
    playlist = m3u8.loads(text)
    assert playlist.version == 7
    assert playlist.playlist_type == "vod"
    assert playlist.is_endlist
    assert sum(s.duration for s in playlist.segments) == pytest.approx(DURATION_S, abs=1e-6)
    assert max(round(s.duration) for s in playlist.segments) <= playlist.target_duration
    pieces = [s for s in playlist.segments if s.uri == "1.m4s"]
    assert len(pieces) >= 4
    assert all(1 <= piece.duration <= 3 for piece in pieces)
    fetched = b""
    for piece in pieces:
        size, _, offset = piece.byterange.partition("@")
        last = int(offset) + int(size) - 1
        answer = origin.get(f"{path}/{rung}/1.m4s", range=f"bytes={offset}-{last}")
        assert answer.status_code == 206
        fetched += answer.content
    assert fetched == origin.get(f"{path}/{rung}/1.m4s").content


def test_the_mpd_has_an_adaptation_set_a_codec_and_exact_times(origin: Origin) -> None:
    answer = origin.get(f"{origin.path()}/manifest.mpd")
    root = etree.fromstring(answer.content)
    assert root.tag == f"{MPD}MPD"
    assert root.get("type") == "static"
    assert root.get("mediaPresentationDuration") == "PT25.3S"
    assert root.get("minBufferTime") == "PT2S"
    sets = root.findall(f"{MPD}Period/{MPD}AdaptationSet")
    representations = [[r.get("id") for r in s.findall(f"{MPD}Representation")] for s in sets]
    assert representations == [["128", "256"], ["flac"]]
    for template in root.iter(f"{MPD}SegmentTemplate"):
        total = sum(int(s.get("d")) * (1 + int(s.get("r", "0"))) for s in template.iter(f"{MPD}S"))
        assert total == NUM_SAMPLES
        assert template.get("timescale") == "44100"
        assert template.get("startNumber") == "1"


def test_the_mpd_lists_every_segment_and_no_more(origin: Origin) -> None:
    path = origin.path()
    for rung, addresses in mpd_addresses(origin.get(f"{path}/manifest.mpd").content).items():
        assert len(addresses) == 4
        for name in addresses:
            assert origin.get(f"{path}/{name}").status_code == 200
        assert origin.get(f"{path}/{rung}/4.m4s").status_code == 404
