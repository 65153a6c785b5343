"""Imports stay in the folders that they may read, on a real file system."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from catalog_svc.adapters.files import allowed_folders
from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.tag_reader import FastTags
from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.roots import NotAFile, OutsideRoots
from tests.unit.catalog.test_scan_import import files, put, scanned

LEADS_OUT = "it cannot be read: a link leads out of the folders that imports may read"
NO_FILE = "it cannot be read: it is no regular file"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    put(folder, "secret.mp3", "Secret")
    put(folder, "deep/fLaC.bin", "fLaC and so on")
    return folder


async def reasons(music: Path) -> dict[bytes, str]:
    """What a scan of ``music`` tells of each file."""
    store = MemoryStore()
    return {
        name: file.reason
        for name, file in (await files(store, await scanned(store, music))).items()
    }


async def test_links_that_lead_out_are_told_and_not_followed(music: Path, outside: Path) -> None:
    put(music, "good.mp3", "Song")
    (music / "secret.mp3").symlink_to(outside / "secret.mp3")
    (music / "folder").symlink_to(outside)
    (music / "relative").symlink_to("../outside/deep")
    (music / "nowhere.mp3").symlink_to(outside / "nowhere.mp3")
    (music / "unsaid").symlink_to(outside / "deep/fLaC.bin")
    assert await reasons(music) == {
        b"good.mp3": "",
        b"secret.mp3": LEADS_OUT,
        b"folder": LEADS_OUT,
        b"relative": LEADS_OUT,
        b"nowhere.mp3": LEADS_OUT,
    }


async def test_a_link_by_way_of_links_inside_leads_out_all_the_same(
    music: Path, outside: Path
) -> None:
    (music / "a").mkdir()
    (music / "a/up").symlink_to("../b")
    (music / "b").symlink_to(outside)
    (music / "song.mp3").symlink_to("a/up/secret.mp3")
    assert await reasons(music) == {b"a/up": LEADS_OUT, b"b": LEADS_OUT, b"song.mp3": LEADS_OUT}


async def test_links_that_stay_inside_are_followed(music: Path) -> None:
    put(music, "albums/a/song.mp3", "Song")
    put(music, "albums/a/sound.bin", "fLaC and so on")
    (music / "later").symlink_to("albums/a")
    (music / "best.mp3").symlink_to(music / "albums/a/song.mp3")
    (music / "unsaid").symlink_to("later/sound.bin")
    assert await reasons(music) == {
        b"albums/a/song.mp3": "",
        b"albums/a/sound.bin": "",
        b"best.mp3": "",
        b"unsaid": "",
    }


async def test_pipes_sockets_and_devices_hold_nobody_up(music: Path) -> None:
    put(music, "good.mp3", "Song")
    os.mkfifo(music / "pipe.mp3")
    os.mkfifo(music / "pipe")
    (music / "device.mp3").symlink_to("/dev/zero")
    (music / "linked.mp3").symlink_to("pipe.mp3")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(music, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/socket.mp3")
        finally:
            os.close(here)
        told = await reasons(music)
    assert told == {
        b"good.mp3": "",
        b"pipe.mp3": NO_FILE,
        b"linked.mp3": NO_FILE,
        b"socket.mp3": NO_FILE,
        b"device.mp3": LEADS_OUT,
    }


async def test_a_pipe_that_is_imported_itself_is_refused(music: Path) -> None:
    os.mkfifo(music / "pipe.mp3")
    assert await reasons(music / "pipe.mp3") == {b"pipe.mp3": NO_FILE}


def test_tags_are_read_inside_alone(music: Path, outside: Path) -> None:
    os.mkfifo(music / "pipe.mp3")
    (music / "secret.mp3").symlink_to(outside / "secret.mp3")
    tags = FastTags(AllowedFolders([music]))
    with pytest.raises(OutsideRoots):
        tags.read(bytes(music / "secret.mp3"))
    with pytest.raises(OutsideRoots):
        tags.read(bytes(music / "../outside/secret.mp3"))
    with pytest.raises(NotAFile):
        tags.read(bytes(music / "pipe.mp3"))


def test_several_folders_may_lead_to_each_other(music: Path, outside: Path) -> None:
    (music / "secret.mp3").symlink_to(outside / "secret.mp3")
    opened = AllowedFolders([music, outside]).open_file(bytes(music / "secret.mp3"))
    with open(opened, "rb") as file:
        assert file.read() == b"Secret"


@pytest.mark.parametrize("swapped", ["album", "album/song.mp3"])
def test_a_link_that_is_put_between_the_check_and_the_opening_is_refused(
    music: Path, outside: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(music, "album/song.mp3", "Song")
    put(outside, "song.mp3", "Secret")
    resolve = os.path.realpath

    def resolve_and_swap(path: bytes) -> bytes:
        real = resolve(path)
        (music / swapped).rename(music / "gone")
        (music / swapped).symlink_to(outside if swapped == "album" else outside / "song.mp3")
        return real

    allowed = AllowedFolders([music])
    monkeypatch.setattr(allowed_folders.os.path, "realpath", resolve_and_swap)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels|no regular file"):
        allowed.open_file(bytes(music / "album/song.mp3"))


def test_a_folder_that_may_be_entered_and_not_listed_is_passed_through(music: Path) -> None:
    put(music, "closed/open/song.mp3", "Song")
    (music / "closed").chmod(0o311)
    try:
        os.close(AllowedFolders([music]).open_folder(bytes(music / "closed/open")))
    finally:
        (music / "closed").chmod(0o755)
