"""Objects below a prefix: whole, on the disk, listed by their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshkit.faults import Unavailable
from meshkit.objects import Objects

PREFIX = "some/things/"


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path.as_uri(), PREFIX)


async def test_an_object_comes_back_as_it_was_put_last(objects: Objects, tmp_path: Path) -> None:
    assert await objects.get("a/one") is None
    for content in (b"first", b"second", b""):
        await objects.put("a/one", content)
        assert await objects.get("a/one") == content
        assert (tmp_path / PREFIX / "a/one").read_bytes() == content


async def test_objects_are_listed_by_their_names(objects: Objects, tmp_path: Path) -> None:
    assert await objects.names() == []
    for name in ("b/two", "a/one", "a/three"):
        await objects.put(name, b"x")
    (tmp_path / "some" / "other").write_bytes(b"x")
    assert await objects.names() == ["a/one", "a/three", "b/two"]
    assert await objects.names("a") == ["a/one", "a/three"]
    await objects.delete("a/one")
    await objects.delete("a/one")
    assert await objects.names("a") == ["a/three"]


async def test_an_object_and_its_folders_are_on_the_disk(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    await objects.put("a/one", b"x")
    path = tmp_path / PREFIX / "a" / "one"
    named = [path, *(one for one in path.parents if one == tmp_path or tmp_path in one.parents)]
    assert len(named) == 5
    assert set(synced) == {one.stat().st_ino for one in named}


async def test_a_store_that_cannot_answer_says_so(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "some").write_bytes(b"no folder")
    with pytest.raises(Unavailable):
        await objects.put("a/one", b"x")
