"""Scans over a real folder with the memory store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.walker import FolderWalk
from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.imports import Counts, Import, ImportFile, ImportState
from catalog_svc.domain.tags import Tags
from catalog_svc.ports.imports import Found
from catalog_svc.usecases.scan_import import ScanImport
from meshkit.ulids import new_id


class Reader:
    """Reads a file's content as its title; some files cannot be read, some say nothing."""

    def read(self, path: bytes) -> Tags | None:
        with open(path, "rb") as file:
            content = file.read().decode()
        if content == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return None if content == "strange" else Tags(title=content, duration_ms=1000)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def walk_of(*allowed: Path) -> FolderWalk:
    return FolderWalk(AllowedFolders(allowed))


async def scanned(store: MemoryStore, root: Path) -> Import:
    """A finished scan of ``root``."""
    now, path = datetime.now(UTC), bytes(root)
    run = Import(new_id(), str(root), path, ImportState.SCANNING, Counts(), "", now, None)
    await store.create(run, None)
    await ScanImport(store, walk_of(root), Reader())(run.id)
    ended = await store.get(run.id)
    assert ended is not None
    return ended


async def files(store: MemoryStore, run: Import) -> dict[bytes, ImportFile]:
    found = await store.list_files(run.id, states=[], after=None, limit=1000)
    return {file.path: file for file in found}


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


async def test_a_loop_of_links_is_walked_once(music: Path) -> None:
    put(music, "a/b/song.mp3", "Song")
    (music / "a/b/up").symlink_to(music)
    (music / "again").symlink_to(music / "a")
    store = MemoryStore()
    run = await scanned(store, music)
    assert run.counts.found == 1


async def test_names_are_bytes(music: Path) -> None:
    name = b"caf\xe9\xff\n.mp3"
    put(music, os.fsdecode(name), "Song")
    store = MemoryStore()
    assert list(await files(store, await scanned(store, music))) == [name]


async def test_what_cannot_be_read_is_reported_and_the_rest_goes_on(music: Path) -> None:
    put(music, "good.mp3", "Song")
    put(music, "locked.mp3", "locked")
    put(music, "empty.mp3", "")
    (music / "nowhere.mp3").symlink_to("missing.mp3")
    store = MemoryStore()
    run = await scanned(store, music)
    found = await files(store, run)
    assert {name: file.reason for name, file in found.items()} == {
        b"good.mp3": "",
        b"locked.mp3": "it cannot be read: Permission denied",
        b"empty.mp3": "the file is empty",
        b"nowhere.mp3": "it cannot be read: No such file or directory",
    }
    assert (run.counts.found, run.counts.failed, run.counts.searchable) == (4, 3, 1)


async def test_other_files_are_passed_over_unless_they_sound(music: Path) -> None:
    put(music, "notes.txt", "words")
    put(music, "cover.jpg", "picture")
    put(music, "sound.bin", "fLaC and so on")
    store = MemoryStore()
    assert list(await files(store, await scanned(store, music))) == [b"sound.bin"]


async def test_a_second_scan_reads_no_file_that_did_not_change(music: Path) -> None:
    put(music, "a.mp3", "Song")
    put(music, "empty.mp3", "")
    store = MemoryStore()
    await scanned(store, music)
    (source_id,) = [job.subject for job in store.jobs.values() if job.work == "prepare"]
    (track,) = await store.tracks(after=None, limit=2)
    await store.settle(source_id, track.id, complete=True)
    run = await scanned(store, music)
    assert (run.state, run.counts) == (
        ImportState.DONE,
        Counts(found=2, unchanged=1, failed=1, searchable=1, audio_ms=1000),
    )


async def test_a_file_that_was_deleted_is_no_part_of_the_next_run(music: Path) -> None:
    put(music, "empty.mp3", "")
    gone = put(music, "gone.mp3", "")
    store = MemoryStore()
    await scanned(store, music)
    gone.unlink()
    run = await scanned(store, music)
    assert list(await files(store, run)) == [b"empty.mp3"]


async def test_a_scan_that_was_killed_goes_on(music: Path) -> None:
    for number in range(5):
        put(music, f"{number}.mp3", f"Song {number}")
    store = MemoryStore()
    now, path = datetime.now(UTC), bytes(music)
    run = Import(new_id(), str(music), path, ImportState.SCANNING, Counts(), "", now, None)
    await store.create(run, None)
    with pytest.raises(KeyboardInterrupt):
        await ScanImport(store, Interrupted(AllowedFolders([music])), Reader())(run.id)
    await ScanImport(store, walk_of(music), Reader())(run.id)
    ended = await store.get(run.id)
    assert ended is not None
    assert (ended.state, ended.counts.found) == (ImportState.ENCODING, 5)
    assert len(await store.tracks(after=None, limit=10)) == 5


class Interrupted(FolderWalk):
    """A walk that is cut off after two files."""

    def walk(self, root: bytes) -> Iterator[Found]:
        for number, found in enumerate(super().walk(root)):
            if number == 2:
                raise KeyboardInterrupt
            yield found


async def test_a_root_that_vanished_fails_the_run(music: Path) -> None:
    store = MemoryStore()
    run = await scanned(store, music / "missing.mp3")
    assert (run.state, run.error) == (
        ImportState.FAILED,
        "The path cannot be read: No such file or directory.",
    )
