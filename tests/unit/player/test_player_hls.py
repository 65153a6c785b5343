from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.adapters.hls import MAX_PLAYLIST_BYTES, parse_master, parse_media
from player.domain.playlist import ByteRange
from player.errors import PlaylistRejected

URL = "http://127.0.0.1:8080/media/v1/cap/desc/master.m3u8"
MEDIA_URL = "http://127.0.0.1:8080/media/v1/cap/desc/aac128/index.m3u8"
VARIANT = '#EXT-X-STREAM-INF:BANDWIDTH=131405,AVERAGE-BANDWIDTH=130413,CODECS="mp4a.40.2"\n'


def master(*entries: str) -> bytes:
    return ("#EXTM3U\n#EXT-X-VERSION:7\n" + "\n".join(entries) + "\n").encode()


def media(*lines: str, map_line: str = '#EXT-X-MAP:URI="init.mp4"', end: bool = True) -> bytes:
    head = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:11", "#EXT-X-PLAYLIST-TYPE:VOD"]
    return "\n".join([*head, map_line, *lines, *(["#EXT-X-ENDLIST"] if end else []), ""]).encode()


SEGMENTS = ("#EXTINF:10.008,", "1.m4s", "#EXTINF:5.5,", "2.m4s")


def test_a_master_gives_its_audio_rungs_with_nominal_bitrates() -> None:
    rungs = parse_master(
        master(
            VARIANT + "aac128/index.m3u8",
            '#EXT-X-STREAM-INF:BANDWIDTH=322000,CODECS="mp4a.40.2"\naac320/index.m3u8',
            '#EXT-X-STREAM-INF:BANDWIDTH=900123,CODECS="fLaC"\nflac/index.m3u8',
            '#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.64001f,mp4a.40.2"\nvideo.m3u8',
        ),
        URL,
    )
    assert [(r.kbps, r.codec, r.lossless) for r in rungs] == [
        (128, "mp4a.40.2", False),
        (320, "mp4a.40.2", False),
        (900, "fLaC", True),
    ]
    assert rungs[0].url == "http://127.0.0.1:8080/media/v1/cap/desc/aac128/index.m3u8"


@pytest.mark.parametrize(
    ("average_bps", "name", "kbps"),
    [(139_000, "128", 128), (139_000, "aac-128", 139), (139_000, "9", 139), (900_000, "flac", 900)],
)
def test_a_rung_goes_by_its_name_where_that_is_its_bitrate(
    average_bps: int, name: str, kbps: int
) -> None:
    line = (
        f"#EXT-X-STREAM-INF:BANDWIDTH=950000,AVERAGE-BANDWIDTH={average_bps},"
        f'CODECS="mp4a.40.2",STABLE-VARIANT-ID="{name}"\n128/index.m3u8'
    )
    (rung,) = parse_master(master(line), URL)
    assert rung.kbps == kbps


def test_a_variant_listed_twice_is_one_rung() -> None:
    assert len(parse_master(master(VARIANT + "a.m3u8", VARIANT + "a.m3u8"), URL)) == 1


def test_a_media_playlist_gives_a_timeline_without_gaps() -> None:
    playlist = parse_media(
        media(
            *("#EXTINF:1.996916,", "#EXT-X-BYTERANGE:32435@0", "1.m4s"),
            *("#EXTINF:2.0,", "#EXT-X-BYTERANGE:100", "1.m4s"),
            *("#EXTINF:10.0,", "2.m4s"),
        ),
        MEDIA_URL,
    )
    assert [p.resource.byte_range for p in playlist.pieces] == [
        *(ByteRange(0, 32435), ByteRange(32435, 100), None)
    ]
    assert [p.start_s for p in playlist.pieces] == [0.0, 1.996916, pytest.approx(3.996916)]
    assert playlist.init.url.endswith("/desc/aac128/init.mp4")
    assert playlist.duration_s == pytest.approx(13.996916)
    assert playlist.segment_s == 10.0


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/a.m3u8",
        "//evil.example/a.m3u8",
        "https://127.0.0.1:8080/a.m3u8",
        "http://127.0.0.1:8081/a.m3u8",
        "http://127.0.0.1:8080@evil.example/a.m3u8",
        "file:///etc/passwd",
        "data:text/plain,x",
        "http://[::1",
    ],
)
def test_an_address_at_another_origin_is_refused_wherever_it_stands(address: str) -> None:
    with pytest.raises(PlaylistRejected):
        parse_master(master(VARIANT + address), URL)
    with pytest.raises(PlaylistRejected):
        parse_media(media("#EXTINF:10,", address), MEDIA_URL)
    with pytest.raises(PlaylistRejected):
        parse_media(media(*SEGMENTS, map_line=f'#EXT-X-MAP:URI="{address}"'), MEDIA_URL)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>",
        b"\xff\xfe\x00",
        master(),
        master('#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\na.m3u8'),
        master('#EXT-X-STREAM-INF:BANDWIDTH=-5,CODECS="mp4a.40.2"\na.m3u8'),
        master('#EXT-X-STREAM-INF:BANDWIDTH=999999999999,CODECS="mp4a.40.2"\na.m3u8'),
        master('#EXT-X-STREAM-INF:CODECS="mp4a.40.2"\na.m3u8'),
        master('#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS="ac-3"\na.m3u8'),
        media(*SEGMENTS),
        master(*(VARIANT + f"{n}.m3u8" for n in range(65))),
        b"#EXTM3U\n" + b"#" * MAX_PLAYLIST_BYTES,
    ],
)
def test_what_is_no_usable_master_is_rejected(content: bytes) -> None:
    with pytest.raises(PlaylistRejected):
        parse_master(content, URL)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (media(), "no segments"),
        (media(*SEGMENTS, end=False), "live"),
        (media(*SEGMENTS, map_line=""), "EXT-X-MAP"),
        (media("#EXTINF:nan,", "1.m4s"), "lasts"),
        (media("#EXTINF:0,", "1.m4s"), "lasts"),
        (media("#EXTINF:-3,", "1.m4s"), "lasts|read"),
        (media("#EXTINF:inf,", "1.m4s"), "lasts"),
        (media("#EXTINF:3600,", "1.m4s"), "lasts"),
        (media("#EXTINF:x,", "1.m4s"), "read"),
        (media(*SEGMENTS, "#EXT-X-DISCONTINUITY", *SEGMENTS), "discontinuity"),
        (media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"', *SEGMENTS), "encrypted"),
        (media("#EXTINF:2,", "#EXT-X-BYTERANGE:-5@0", "1.m4s"), "byte range|read"),
        (media("#EXTINF:2,", "#EXT-X-BYTERANGE:0@0", "1.m4s"), "empty"),
        (media("#EXTINF:2,", "#EXT-X-BYTERANGE:9@x", "1.m4s"), "byte range|read"),
        (media(*SEGMENTS, '#EXT-X-MAP:URI="other.mp4"', *SEGMENTS), "EXT-X-MAP"),
    ],
)
def test_what_cannot_be_played_is_rejected_saying_why(content: bytes, reason: str) -> None:
    with pytest.raises(PlaylistRejected, match=reason):
        parse_media(content, MEDIA_URL)


LINES = st.sampled_from(
    [
        "#EXTM3U",
        "#EXTINF:",
        "#EXTINF:1e999,",
        "#EXTINF:2,a=b",
        "#EXT-X-BYTERANGE:",
        "#EXT-X-BYTERANGE:5@5@5",
        "#EXT-X-MAP:",
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="5"',
        "#EXT-X-KEY:METHOD=",
        "#EXT-X-STREAM-INF:",
        '#EXT-X-STREAM-INF:BANDWIDTH=x,CODECS="mp4a.40.2"',
        "#EXT-X-DATERANGE:ID=1",
        "#EXT-X-PROGRAM-DATE-TIME:never",
        "#EXT-X-PART:DURATION=x",
        "#EXT-X-TARGETDURATION:x",
        "#EXT-X-ENDLIST",
        "1.m4s",
        "",
    ]
)


@given(st.lists(LINES | st.text(max_size=20), max_size=20))
def test_a_hostile_playlist_is_parsed_or_rejected_never_anything_else(lines: list[str]) -> None:
    content = "\n".join(["#EXTM3U", *lines]).encode("utf-8", "surrogatepass")
    for parse in (parse_master, parse_media):
        with contextlib.suppress(PlaylistRejected):
            assert parse(content, URL)
