"""Whole imports: real files, FFmpeg, packager, PostgreSQL, objects on disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest

from catalog_svc.domain.audio import SourceGone
from catalog_svc.domain.catalogue import TrackState
from catalog_svc.domain.imports import FileState, ImportState
from catalog_svc.usecases.catalog_internal import GetPlayable
from meshkit.faults import Unavailable
from tests.adapters.catalog import sounds
from tests.adapters.catalog.importing import Importing


async def test_a_folder_becomes_tracks_that_can_be_streamed(importing: Importing) -> None:
    kinds = ["flac", "wav", "mp3", "m4a", "ogg", "opus"]
    for seed, kind in enumerate(kinds):
        sounds.put(importing.music, f"{kind}/song.{kind}", sounds.sample(kind, seed))
    sounds.put(importing.music, "flac/cover.png", sounds.png())
    run = await importing.import_music()
    assert run.state is ImportState.DONE
    assert (run.counts.found, run.counts.complete, run.counts.failed) == (6, 6, 0)
    tracks = {track.title: track for track in await importing.tracks()}
    for seed, kind in enumerate(kinds):
        track = tracks[f"Noise {seed}"]
        assert track.state is TrackState.READY
        assert track.bitrates_kbps == (128, 192, 256, 320)
        assert track.lossless == (kind in ("flac", "wav"))
        assert track.loudness is not None
        assert track.duration_ms == pytest.approx(3000, abs=2)
        descriptor = await importing.descriptor(track.id)
        assert descriptor.track_id == track.id
        assert [rung.bitrate for rung in descriptor.rungs][:4] == [128, 192, 256, 320]
    digest = hashlib.sha256(sounds.png()).hexdigest()
    assert {track.artwork for track in tracks.values()} == {digest}
    assert (importing.objects / "artwork" / digest).read_bytes() == sounds.png()


async def test_every_object_is_named_by_its_hash(importing: Importing) -> None:
    sounds.put(importing.music, "a.flac", sounds.sample("flac"))
    await importing.import_music()
    files = [path for path in importing.objects.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in files)


async def test_what_is_streamed_has_the_samples_of_the_source(
    importing: Importing, tmp_path: Path
) -> None:
    samples = 12 * sounds.RATE + 1234
    source = sounds.noise(importing.music / "a.flac", samples=samples)
    await importing.import_music()
    (track,) = await importing.tracks()
    descriptor = await importing.descriptor(track.id)
    assert (descriptor.num_samples, descriptor.sample_rate_hz) == (samples, 44_100)
    for rung in descriptor.rungs:
        stream = tmp_path / f"{rung.name}.mp4"
        stream.write_bytes(importing.stream(rung))
        decoded = sounds.pcm(stream)
        if rung.name == "flac":
            assert decoded == sounds.pcm(source)
            assert (rung.encoder_delay, rung.end_padding) == (0, 0)
        else:
            assert rung.encoder_delay == 1024
            assert len(decoded) // 4 == samples + rung.end_padding
            assert 0 <= rung.end_padding < 1024
        assert sum(segment.duration for segment in rung.segments) == pytest.approx(
            samples + rung.encoder_delay, abs=1024
        )


async def test_bad_files_are_refused_by_name_and_never_stop_the_rest(importing: Importing) -> None:
    put = sounds.put
    put(importing.music, "good.flac", sounds.sample("flac"))
    put(importing.music, "wrong extension.mp3", sounds.sample("ogg", 2))
    put(importing.music, "cut.flac", sounds.cut(sounds.sample("flac", 3)))
    put(importing.music, "hole.ogg", sounds.holed(sounds.sample("ogg", 4)))
    put(importing.music, "noise.mp3", random.Random(1).randbytes(50_000))
    put(importing.music, "empty.mp3", b"")
    put(importing.music, "huge tag.mp3", b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(70_000))
    put(importing.music, os.fsdecode(b"caf\xe9.flac"), sounds.sample("flac", 5))
    (importing.music / "loop").symlink_to(importing.music)
    (importing.music / "itself.mp3").symlink_to("itself.mp3")
    put(importing.music, "notes.txt", b"not audio and never said to be")
    run = await importing.import_music()
    assert run.state is ImportState.DONE
    files = await importing.files(run.id)
    complete = {name for name, file in files.items() if file.state is FileState.COMPLETE}
    assert complete == {"good.flac", "wrong extension.mp3", os.fsdecode(b"caf\xe9.flac")}
    failed = {name for name, file in files.items() if file.state is FileState.FAILED}
    assert failed == {
        "cut.flac",
        "hole.ogg",
        "noise.mp3",
        "empty.mp3",
        "huge tag.mp3",
        "itself.mp3",
    }
    assert all(files[name].reason for name in failed)
    ready = [track for track in await importing.tracks() if track.state is TrackState.READY]
    assert len(ready) == 3


async def test_nothing_outside_becomes_a_track_or_its_cover(
    importing: Importing, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    sounds.put(outside, "secret.flac", sounds.sample("flac", 2))
    sounds.put(outside, "secret.png", sounds.png())
    sounds.put(importing.music, "good.flac", sounds.sample("flac"))
    (importing.music / "secret.flac").symlink_to(outside / "secret.flac")
    (importing.music / "cover.png").symlink_to(outside / "secret.png")
    (importing.music / "folder").symlink_to(outside)
    os.mkfifo(importing.music / "pipe.flac")
    run = await importing.import_music()
    assert (run.state, run.counts.complete, run.counts.failed) == (ImportState.DONE, 1, 3)
    told = {name: file.reason for name, file in (await importing.files(run.id)).items()}
    leads_out = "it cannot be read: a link leads out of the folders that imports may read"
    assert told == {
        "good.flac": "",
        "secret.flac": leads_out,
        "folder": leads_out,
        "pipe.flac": "it cannot be read: it is no regular file",
    }
    (track,) = await importing.tracks()
    assert (track.title, track.artwork) == ("Noise 1", "")


async def test_a_file_that_became_a_link_outside_before_it_was_encoded_is_refused(
    importing: Importing, tmp_path: Path
) -> None:
    secret = sounds.put(tmp_path / "outside", "secret.flac", sounds.sample("flac", 2))
    song = importing.music / "song.flac"
    sounds.put(importing.music, "song.flac", sounds.sample("flac"))
    audio = importing.audio()
    facts = (await audio.probe(bytes(song))).facts
    song.unlink()
    song.symlink_to(os.fsdecode(secret))
    for look in (audio.probe(bytes(song)), audio.identity(bytes(song), facts)):
        with pytest.raises(SourceGone, match="a link leads out"):
            await look
    with pytest.raises(SourceGone, match="a link leads out"):
        audio.stamp(bytes(song))


async def test_the_same_music_twice_is_one_track(importing: Importing) -> None:
    first = sounds.put(importing.music, "a/song.mp3", sounds.sample("mp3"))
    other = importing.music / "b.mp3"
    sounds.run_ffmpeg("-i", first, "-c", "copy", "-metadata", "title=Renamed", other)
    run = await importing.import_music()
    assert (run.counts.complete, run.counts.duplicate) == (1, 1)
    (track,) = await importing.tracks()
    assert {file.track_id for file in (await importing.files(run.id)).values()} == {track.id}


async def test_an_unchanged_folder_is_left_alone(importing: Importing) -> None:
    sounds.put(importing.music, "a.flac", sounds.sample("flac"))
    sounds.put(importing.music, "bad.mp3", b"bad")
    await importing.import_music()
    before = await importing.tracks()
    run = await importing.import_music()
    assert (run.counts.found, run.counts.unchanged, run.counts.failed) == (2, 1, 1)
    assert await importing.tracks() == before


async def test_a_retagged_file_keeps_its_track(importing: Importing) -> None:
    path = sounds.put(importing.music, "a.mp3", sounds.sample("mp3"))
    await importing.import_music()
    (before,) = await importing.tracks()
    other = importing.music / "other.mp3"
    tags = ["-metadata", "title=New", "-metadata", "artist=Someone Else"]
    sounds.run_ffmpeg("-i", path, "-c", "copy", *tags, other)
    shutil.move(other, os.fsdecode(path))
    run = await importing.import_music()
    (after,) = await importing.tracks()
    assert (after.id, after.title, after.artist) == (before.id, "New", "Someone Else")
    assert (run.counts.found, run.counts.complete) == (1, 1)
    assert await importing.catalogue.artist(before.artist_id) is None


async def test_a_file_with_new_audio_is_a_new_track(importing: Importing) -> None:
    sounds.put(importing.music, "a.mp3", sounds.sample("mp3"))
    await importing.import_music()
    sounds.put(importing.music, "a.mp3", sounds.sample("mp3", 2))
    await importing.import_music()
    assert {track.title for track in await importing.tracks()} == {"Noise 1", "Noise 2"}


async def test_a_single_file_can_be_imported(importing: Importing) -> None:
    sounds.put(importing.music, "a.mp3", sounds.sample("mp3"))
    sounds.put(importing.music, "b.mp3", sounds.sample("mp3", 2))
    importing.music = importing.music / "a.mp3"
    run = await importing.import_music()
    assert run.counts.complete == 1
    assert list(await importing.files(run.id)) == ["a.mp3"]


async def test_a_track_that_someone_wants_goes_first(importing: Importing) -> None:
    for seed in range(6):
        sounds.put(importing.music, f"{seed}.mp3", sounds.sample("mp3", seed))
    importing.settings = importing.settings.model_copy(update={"encoders": 1})
    import_id = await importing.start()
    async with importing.working():
        await importing.until(import_id, lambda run: run.state is ImportState.ENCODING)
        wanted = next(t for t in await importing.tracks() if t.title == "Noise 5")
        with pytest.raises(Unavailable) as refused:
            await GetPlayable(importing.catalogue)(wanted.id)
        await importing.until(import_id, lambda run: run.counts.playable >= 3)
        assert (await importing.playable(wanted.id)).descriptor
    assert (refused.value.reason, refused.value.metadata) == (
        "TRACK_NOT_READY",
        {"track_id": wanted.id},
    )


async def test_a_worker_killed_at_any_time_loses_and_doubles_nothing(
    importing: Importing,
) -> None:
    for seed in range(3):
        path = importing.music / f"{seed}.flac"
        sounds.noise(path, seed=seed, samples=20 * sounds.RATE, tags={"title": f"Song {seed}"})
    import_id = await importing.start()
    for _ in range(3):
        async with importing.worker_process() as worker:
            await _encoding(importing.settings.work_dir)
            worker.kill()
    async with importing.worker_process() as worker:
        run = await importing.finished(import_id)
        worker.terminate()
    assert worker.returncode == 0
    assert (run.state, run.counts.found, run.counts.complete) == (ImportState.DONE, 3, 3)
    tracks = await importing.tracks()
    assert sorted(track.title for track in tracks) == ["Song 0", "Song 1", "Song 2"]
    for track in tracks:
        descriptor = await importing.descriptor(track.id)
        assert [rung.name for rung in descriptor.rungs] == ["128", "192", "256", "320", "flac"]
        assert all(importing.stream(rung) for rung in descriptor.rungs)
    assert list(importing.settings.work_dir.iterdir()) == []


async def _encoding(work_dir: Path) -> None:
    """Returns while an encoder writes, and never before one of this call's worker does."""
    seen = _written(work_dir)
    async with asyncio.timeout(60):
        while not _written(work_dir) - seen:
            await asyncio.sleep(0.01)


def _written(work_dir: Path) -> set[str]:
    """Encoded files with something in them; folders of dead workers go while this looks."""
    found = {os.path.join(at, name) for at, _, names in os.walk(work_dir) for name in names}
    return {path for path in found if path.endswith(".mp4") and _size(path)}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
