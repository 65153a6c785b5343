"""What a session's addresses serve: playable to the end, cacheable, and just its rungs."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from e2e_album import FLAC_SECONDS, OTHER_SECONDS, SONGS, Music
from edge_calls import play
from lxml import etree

from tests.running_mesh import RunningMesh, run_ffmpeg

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
RATE = 44_100
AAC_FRAME = 1024
BYTES_A_SAMPLE = 4
FREE_RUNGS = ["128", "192", "256"]
ALL_RUNGS = [*FREE_RUNGS, "320", "flac"]


def decoded_samples(source: str) -> int:
    """Samples a channel that FFmpeg decodes from ``source`` to its end."""
    pcm = run_ffmpeg("-i", source, "-map", "0:a:0", "-ac", "2", "-f", "s16le", "-")
    return len(pcm) // BYTES_A_SAMPLE


def exact(rung: str, samples: int, seconds: int) -> bool:
    """Whether a rung decodes to its length: AAC in whole frames, FLAC to the sample."""
    slack = 1 if rung == "flac" else 2 * AAC_FRAME
    return seconds * RATE <= samples < seconds * RATE + slack


def hls_rungs(mesh: RunningMesh, session: Any) -> list[str]:
    master = mesh.call("GET", session["stream_url"])
    assert master.status == 200
    return re.findall(r"^([^#/\n]+)/index\.m3u8$", master.text, re.MULTILINE)


def dash_addresses(mesh: RunningMesh, session: Any) -> dict[str, list[str]]:
    """What a DASH client fetches for each representation, in order."""
    manifest = mesh.call("GET", session["dash_url"])
    assert manifest.status == 200
    base, found = session["dash_url"].rpartition("/")[0], {}
    for representation in etree.fromstring(manifest.content).iter(f"{MPD}Representation"):
        (template,) = representation.findall(f"{MPD}SegmentTemplate")
        count = sum(1 + int(s.get("r", "0")) for s in template.iter(f"{MPD}S"))
        first = int(template.get("startNumber"))
        names = [template.get("initialization")]
        names += [template.get("media").replace("$Number$", str(first + n)) for n in range(count)]
        rung = str(representation.get("id"))
        found[rung] = [f"{base}/{name.replace('$RepresentationID$', rung)}" for name in names]
    return found


@pytest.fixture
def session(mesh: RunningMesh, music: Music, premium: str) -> Any:
    """A premium user who wants FLAC plays the FLAC file."""
    wanted = {"bitrate_pref": "FLAC"}
    assert mesh.call("PUT", "/me/preferences", wanted, token=premium).status == 200
    return play(mesh, premium, music.id_of(SONGS[0]))


@pytest.fixture
def rung_path(session: Any) -> str:
    """The folder of the 128 rung."""
    return f"{session['stream_url'].rpartition('/')[0]}/128"


def test_flac_is_listed_only_for_who_wants_it(
    mesh: RunningMesh, music: Music, premium: str
) -> None:
    """Players climb to the best rung that is listed; the lowest comes first."""
    unasked = play(mesh, premium, music.id_of(SONGS[0]))
    assert hls_rungs(mesh, unasked) == [*FREE_RUNGS, "320"]
    assert sorted(dash_addresses(mesh, unasked)) == [*FREE_RUNGS, "320"]


def test_the_plan_decides_which_rungs_a_session_sees(
    mesh: RunningMesh, music: Music, free: str, session: Any
) -> None:
    mine = play(mesh, free, music.id_of(SONGS[0]))
    assert (mine["bitrate"], sorted(hls_rungs(mesh, mine))) == (256, FREE_RUNGS)
    assert sorted(dash_addresses(mesh, mine)) == FREE_RUNGS
    assert hls_rungs(mesh, session) == ALL_RUNGS
    assert sorted(dash_addresses(mesh, session)) == ALL_RUNGS
    lossy = play(mesh, free, music.id_of(SONGS[1]))
    assert sorted(hls_rungs(mesh, lossy)) == FREE_RUNGS


@pytest.mark.parametrize("rung", ALL_RUNGS)
def test_ffmpeg_plays_each_hls_rung_to_its_end(session: Any, rung: str) -> None:
    address = session["stream_url"].replace("master.m3u8", f"{rung}/index.m3u8")
    assert exact(rung, decoded_samples(address), FLAC_SECONDS)


def test_ffmpeg_plays_the_hls_master_to_its_end(mesh: RunningMesh, music: Music, free: str) -> None:
    session = play(mesh, free, music.id_of(SONGS[0]))
    assert exact("256", decoded_samples(session["stream_url"]), FLAC_SECONDS)


@pytest.mark.parametrize("rung", ["192", "flac"])
def test_ffmpeg_plays_what_dash_lists_to_its_end(
    mesh: RunningMesh, session: Any, tmp_path: Path, rung: str
) -> None:
    joined = tmp_path / "joined.mp4"
    addresses = dash_addresses(mesh, session)[rung]
    joined.write_bytes(b"".join(mesh.call("GET", address).content for address in addresses))
    assert exact(rung, decoded_samples(str(joined)), FLAC_SECONDS)


@pytest.mark.parametrize("song", SONGS[1:], ids=lambda song: song.suffix)
def test_every_format_plays_to_its_end(
    mesh: RunningMesh, music: Music, free: str, song: Any
) -> None:
    session = play(mesh, free, music.id_of(song))
    samples = decoded_samples(session["stream_url"].replace("master", "128/index"))
    rate = 48_000 if song.suffix == "opus" else RATE
    assert samples / rate == pytest.approx(OTHER_SECONDS, abs=0.06)
    assert samples / rate == pytest.approx(session["track"]["duration"], abs=0.05)


def test_the_flac_rung_is_the_source_to_the_bit(session: Any, music: Music) -> None:
    address = session["stream_url"].replace("master.m3u8", "flac/index.m3u8")
    options = ("-map", "0:a:0", "-f", "s16le", "-")
    played = run_ffmpeg("-i", address, *options)
    source = run_ffmpeg("-i", str(music.folder / "01 Harbour Lights.flac"), *options)
    assert hashlib.sha256(played).digest() == hashlib.sha256(source).digest()


def test_a_segment_is_served_whole_in_ranges_and_not_again(
    mesh: RunningMesh, rung_path: str
) -> None:
    whole = mesh.call("GET", f"{rung_path}/1.m4s")
    assert whole.status == 200
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["access-control-allow-origin"] == "*"
    etag = whole.headers["etag"]
    assert etag == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    kept = mesh.call("GET", f"{rung_path}/1.m4s", headers={"if-none-match": etag})
    assert (kept.status, kept.content) == (304, b"")
    size = len(whole.content)
    for asked, start, end in (
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, size),
        ("bytes=-50", size - 50, size),
        (f"bytes=10-{size + 999}", 10, size),
    ):
        part = mesh.call("GET", f"{rung_path}/1.m4s", headers={"range": asked})
        assert part.status == 206
        assert part.content == whole.content[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    stale = {"range": "bytes=0-99", "if-range": '"another"'}
    assert mesh.call("GET", f"{rung_path}/1.m4s", headers=stale).content == whole.content
    beyond = mesh.call("GET", f"{rung_path}/1.m4s", headers={"range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    head = mesh.call("HEAD", f"{rung_path}/1.m4s")
    assert (head.status, head.headers["content-length"]) == (200, str(size))


def test_two_sessions_share_the_bytes_of_a_segment(
    mesh: RunningMesh, music: Music, free: str, rung_path: str
) -> None:
    other = play(mesh, free, music.id_of(SONGS[0]))["stream_url"].rpartition("/")[0]
    first = mesh.call("GET", f"{rung_path}/2.m4s")
    second = mesh.call("GET", f"{other}/128/2.m4s")
    assert first.headers["etag"] == second.headers["etag"]


def test_playlists_are_compressed_where_that_is_asked_for(
    mesh: RunningMesh, rung_path: str
) -> None:
    plain = mesh.call("GET", f"{rung_path}/index.m3u8")
    packed = mesh.call("GET", f"{rung_path}/index.m3u8", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert plain.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert plain.headers["cache-control"].startswith("private, max-age=")
    again = {"if-none-match": plain.headers["etag"]}
    assert mesh.call("GET", f"{rung_path}/index.m3u8", headers=again).status == 304


def test_browsers_of_any_origin_may_ask_for_ranges(mesh: RunningMesh, rung_path: str) -> None:
    headers = {
        "origin": "https://player.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "range",
    }
    answer = mesh.call("OPTIONS", f"{rung_path}/1.m4s", headers=headers)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "range" in answer.headers["access-control-allow-headers"]
    read = mesh.call("GET", f"{rung_path}/1.m4s", headers={"origin": "https://player.example"})
    assert "content-range" in read.headers["access-control-expose-headers"]


def test_hls_starts_after_a_fragment_of_two_seconds(mesh: RunningMesh, rung_path: str) -> None:
    lines = mesh.call("GET", f"{rung_path}/index.m3u8").text.splitlines()
    durations = [float(re.sub(r"[^0-9.]", "", row)) for row in lines if row.startswith("#EXTINF")]
    assert durations[0] < 3
    assert sum(durations) == pytest.approx(FLAC_SECONDS, abs=0.01)
    assert lines[-1] == "#EXT-X-ENDLIST"
