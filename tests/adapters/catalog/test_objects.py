"""Objects in a folder: whole, and on the disk before they are acknowledged."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from catalog_svc.adapters.files.media_objects import HashedObjects

IMAGE = b"a cover" * 100
NAME = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were forced to the disk, in order."""
    inodes: list[int] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        inodes.append(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    return inodes


@pytest.fixture
def objects(tmp_path: Path) -> HashedObjects:
    return HashedObjects(tmp_path.as_uri())


def _on_disk(path: Path) -> set[int]:
    """The inodes of a file and of the folders in which it is named."""
    return {one.stat().st_ino for one in (path, path.parent, path.parent.parent)}


async def test_a_new_object_is_on_the_disk(
    objects: HashedObjects, tmp_path: Path, synced: list[int]
) -> None:
    assert await objects.put_artwork(IMAGE) == NAME
    path = tmp_path / "artwork" / NAME
    assert path.read_bytes() == IMAGE
    assert set(synced) == _on_disk(path)


async def test_an_object_that_is_there_is_made_sure_of(
    objects: HashedObjects, tmp_path: Path, synced: list[int]
) -> None:
    path = tmp_path / "artwork" / NAME
    path.parent.mkdir()
    path.write_bytes(IMAGE)
    before = path.stat().st_ino
    await objects.put_artwork(IMAGE)
    assert path.stat().st_ino == before
    assert set(synced) == _on_disk(path)


@pytest.mark.parametrize("content", [bytes(len(IMAGE)), IMAGE[:-1], b""])
async def test_a_hollow_object_is_written_again(
    objects: HashedObjects, tmp_path: Path, synced: list[int], content: bytes
) -> None:
    path = tmp_path / "artwork" / NAME
    path.parent.mkdir()
    path.write_bytes(content)
    await objects.put_artwork(IMAGE)
    assert path.read_bytes() == IMAGE
    assert set(synced) >= _on_disk(path)
