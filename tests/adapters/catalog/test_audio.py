"""The programs that look at, decode and package audio, on good and on bad files."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from pathlib import Path

import pytest

from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.work_folders import LockedWorkFolders
from catalog_svc.adapters.programs.audio import ProgramAudio
from catalog_svc.domain.audio import (
    AudioRefused,
    Decoded,
    SourceGone,
    StreamFacts,
    stage_rungs,
    target_of,
)
from catalog_svc.domain.bmff import read_init, read_media
from tests.adapters.catalog import sounds

KINDS = ["flac", "wav", "mp3", "m4a", "ogg", "opus"]
audio = ProgramAudio(AllowedFolders([Path("/")]), LockedWorkFolders(Path(tempfile.gettempdir())))


async def decoded(path: bytes, folder: Path, stage: int = 1) -> Decoded:
    """What the encoding pass of a stage makes of a file."""
    facts = (await audio.probe(path)).facts
    plans = stage_rungs(stage, lossless=facts.lossless)
    await asyncio.to_thread(folder.mkdir)
    result, _ = await audio.encode(
        path, facts, target=target_of(facts), plans=plans, folder=folder, measure=True
    )
    return result


@pytest.mark.parametrize("kind", KINDS)
async def test_a_probe_tells_the_truth_whatever_the_name_says(tmp_path: Path, kind: str) -> None:
    probe = await audio.probe(sounds.put(tmp_path, "named.mp3", sounds.sample(kind)))
    assert probe.facts.channels == 2
    assert probe.facts.sample_rate_hz == (48_000 if kind == "opus" else 44_100)
    assert probe.facts.lossless == (kind in ("flac", "wav"))
    assert probe.facts.claimed_s == pytest.approx(sounds.SECONDS, abs=0.1)
    assert (probe.tags.title, probe.tags.artist) == ("Noise 1", "The Generators")


@pytest.mark.parametrize("kind", KINDS)
async def test_retagged_audio_keeps_its_identity(tmp_path: Path, kind: str) -> None:
    path = sounds.put(tmp_path, f"a.{kind}", sounds.sample(kind))
    retagged = tmp_path / f"b.{kind}"
    sounds.run_ffmpeg("-i", path, "-c", "copy", "-metadata", "title=Other", retagged)
    other = sounds.put(tmp_path, f"c.{kind}", sounds.sample(kind, seed=2))
    facts = (await audio.probe(path)).facts
    identity = await audio.identity(path, facts)
    assert await audio.identity(bytes(retagged), facts) == identity
    assert await audio.identity(other, facts) != identity


@pytest.mark.parametrize("kind", KINDS)
async def test_whole_files_decode_to_their_length(tmp_path: Path, kind: str) -> None:
    path = sounds.put(tmp_path, f"a.{kind}", sounds.sample(kind))
    result = await decoded(path, tmp_path / "out")
    rate = 48_000 if kind == "opus" else 44_100
    assert abs(result.num_samples - sounds.SECONDS * rate) <= 64


@pytest.mark.parametrize("kind", KINDS)
async def test_a_truncated_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = sounds.put(tmp_path, f"a.{kind}", sounds.cut(sounds.sample(kind)))
    with pytest.raises(AudioRefused):
        await decoded(path, tmp_path / "out")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "wav"])
async def test_a_file_with_a_hole_is_refused(tmp_path: Path, kind: str) -> None:
    path = sounds.put(tmp_path, f"a.{kind}", sounds.holed(sounds.sample(kind)))
    with pytest.raises(AudioRefused):
        await decoded(path, tmp_path / "out")


async def test_a_hole_in_variable_bitrate_without_a_header_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "v.mp3"
    sounds.noise(whole, options=["-q:a", "2", "-write_xing", "0"])
    path = sounds.put(tmp_path, "h.mp3", sounds.holed(whole.read_bytes()))
    with pytest.raises(AudioRefused):
        await decoded(path, tmp_path / "out")


async def test_flipped_bits_in_flac_are_refused(tmp_path: Path) -> None:
    content = bytearray(sounds.sample("flac"))
    content[len(content) // 2] ^= 0x55
    with pytest.raises(AudioRefused, match="damaged"):
        await decoded(sounds.put(tmp_path, "a.flac", bytes(content)), tmp_path / "out")


@pytest.mark.parametrize(
    "content",
    [
        random.Random(7).randbytes(100_000),
        b"<!doctype html><title>404 Not Found</title>" * 20,
        b"",
        b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + b"\x00" * 5_000,
    ],
    ids=["noise", "a web page", "nothing", "an endless tag"],
)
async def test_what_is_not_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AudioRefused):
        await decoded(sounds.put(tmp_path, "a.mp3", content), tmp_path / "out")


@pytest.mark.parametrize(
    "junk",
    [
        b"TAG" + b"x" * 125,
        bytes(4096),
        b"LYRICSBEGIN" + b"la " * 700,
        random.Random(3).randbytes(900),
    ],
    ids=["an ID3v1 tag", "zeros", "lyrics", "noise"],
)
@pytest.mark.parametrize("kind", ["mp3", "flac"])
async def test_junk_behind_the_music_is_no_damage(tmp_path: Path, kind: str, junk: bytes) -> None:
    whole = await decoded(sounds.put(tmp_path, f"a.{kind}", sounds.sample(kind)), tmp_path / "1")
    path = sounds.put(tmp_path, f"b.{kind}", sounds.sample(kind) + junk)
    # Junk hides from FFmpeg how much of an MP3's last frames is padding.
    allowed = 1152 if kind == "mp3" else 0
    result = await decoded(path, tmp_path / "2")
    assert 0 <= result.num_samples - whole.num_samples <= allowed


async def test_a_script_cannot_lead_to_another_file(tmp_path: Path) -> None:
    sounds.put(tmp_path, "secret.mp3", sounds.sample("mp3"))
    for text in (b"ffconcat version 1.0\nfile secret.mp3\n", b"#EXTM3U\n#EXTINF:3,\nsecret.mp3\n"):
        with pytest.raises(AudioRefused):
            await audio.probe(sounds.put(tmp_path, "script.mp3", text))


async def test_a_file_that_is_not_there_is_gone_and_not_refused(tmp_path: Path) -> None:
    missing = bytes(tmp_path / "missing.flac")
    with pytest.raises(SourceGone):
        await audio.probe(missing)
    with pytest.raises(SourceGone):
        audio.stamp(missing)


async def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    path = sounds.put(tmp_path, os.fsdecode(b"caf\xe9 \xff.flac"), sounds.sample("flac"))
    assert (await decoded(path, tmp_path / "out")).num_samples == sounds.SECONDS * sounds.RATE


async def test_a_sine_at_minus_23_reads_minus_23_lufs(tmp_path: Path) -> None:
    path = tmp_path / "sine.wav"
    sine = "aevalsrc=0.0707946*sin(2*PI*1000*t)|0.0707946*sin(2*PI*1000*t):s=48000:d=5"
    sounds.run_ffmpeg("-f", "lavfi", "-i", sine, path)
    result = await decoded(bytes(path), tmp_path / "out")
    assert result.loudness is not None
    assert result.loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert result.loudness.true_peak_dbtp == pytest.approx(-23.0, abs=0.1)


async def test_silence_has_the_lowest_loudness(tmp_path: Path) -> None:
    path = tmp_path / "silence.flac"
    sounds.run_ffmpeg("-f", "lavfi", "-i", "anullsrc=d=2:r=44100:cl=mono", path)
    result = await decoded(bytes(path), tmp_path / "out")
    assert result.loudness is not None
    assert result.loudness.integrated_lufs == -70.0


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(22_050, 44_100), (44_100, 44_100), (88_200, 44_100), (32_000, 48_000), (96_000, 48_000)],
)
async def test_rates_go_to_the_grid_they_divide_into(
    tmp_path: Path, rate: int, expected: int
) -> None:
    path = sounds.noise(tmp_path / "a.wav", rate=rate, samples=rate)
    facts = (await audio.probe(bytes(path))).facts
    assert target_of(facts).sample_rate_hz == expected
    assert (await decoded(bytes(path), tmp_path / "out")).num_samples == expected


async def packaged(path: bytes, folder: Path, stage: int) -> dict[str, list[bytes]]:
    """The rungs of a stage as bytes: the initialisation segment, then the media segments."""
    facts = (await audio.probe(path)).facts
    plans = stage_rungs(stage, lossless=facts.lossless)
    await asyncio.to_thread(folder.mkdir)
    _, files = await audio.encode(
        path, facts, target=target_of(facts), plans=plans, folder=folder, measure=False
    )
    rungs = await audio.package(dict(zip(plans, files, strict=True)), folder)
    return {
        rung.plan.name: [file.read_bytes() for file in (rung.init, *rung.segments)]
        for rung in rungs
    }


async def test_the_same_audio_becomes_the_same_bytes(tmp_path: Path) -> None:
    path = sounds.put(tmp_path, "a.flac", sounds.sample("flac"))
    first = await packaged(path, tmp_path / "1", 2)
    assert await packaged(path, tmp_path / "2", 2) == first
    assert list(first) == ["192", "256", "flac"]


async def test_segments_of_ten_seconds_are_made_of_fragments_of_two(tmp_path: Path) -> None:
    path = bytes(sounds.noise(tmp_path / "a.flac", samples=23 * sounds.RATE))
    for init, *segments in (await packaged(path, tmp_path / "out", 1)).values():
        facts = read_init(init)
        media = [read_media(one, facts.default_sample_duration) for one in segments]
        seconds = [part.duration / facts.timescale for part in media]
        assert seconds[:2] == pytest.approx([10, 10], abs=0.1)
        assert facts.media_time == 1024
        for one, part in zip(segments, media, strict=True):
            assert sum(fragment.size for fragment in part.fragments) == len(one)
            longest = max(fragment.duration for fragment in part.fragments)
            assert longest / facts.timescale == pytest.approx(2, abs=0.1)


async def test_every_aac_rung_of_both_stages_has_the_same_grid(tmp_path: Path) -> None:
    path = bytes(sounds.noise(tmp_path / "a.flac", samples=12 * sounds.RATE))
    rungs = await packaged(path, tmp_path / "1", 1) | await packaged(path, tmp_path / "2", 2)
    grids = {
        name: [[part.duration for part in read_media(one, 1024).fragments] for one in segments[1:]]
        for name, segments in rungs.items()
        if name != "flac"
    }
    assert set(grids) == {"128", "192", "256", "320"}
    assert all(grid == grids["128"] for grid in grids.values())


async def cover_facts(path: bytes) -> tuple[bytes, StreamFacts]:
    return path, (await audio.probe(path)).facts


async def test_a_cover_is_found_inside_the_file_or_beside_it(tmp_path: Path) -> None:
    image = sounds.png()
    plain = sounds.put(tmp_path, "plain/a.mp3", sounds.sample("mp3"))
    inside = sounds.put(tmp_path, "a.mp3", sounds.with_cover(sounds.sample("mp3"), image))
    assert await audio.cover(*await cover_facts(inside)) == image
    assert await audio.cover(*await cover_facts(plain)) == b""
    sounds.put(tmp_path, "plain/Folder.PNG", image)
    assert await audio.cover(*await cover_facts(plain)) == image


async def test_a_cover_that_is_no_picture_or_too_large_is_none(tmp_path: Path) -> None:
    path = sounds.put(tmp_path, "a.mp3", sounds.sample("mp3"))
    sounds.put(tmp_path, "cover.jpg", b"GIF89a not a JPEG")
    assert await audio.cover(*await cover_facts(path)) == b""
    sounds.put(tmp_path, "cover.jpg", b"\xff\xd8\xff" + bytes(5_000_000))
    assert await audio.cover(*await cover_facts(path)) == b""
