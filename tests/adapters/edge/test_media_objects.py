"""The contract of the origin's ObjectStore port, against every adapter of it."""

from __future__ import annotations

from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from edge.media.adapters.obstore.object_store import LocalObjects, ObstoreObjects, open_objects
from edge.media.ports.object_store import ObjectMissing, ObjectStore, StoreUnavailable

KEY = "media/" + "ab" * 32
CONTENT = bytes(range(256)) * 4096


class ObjectStoreContract:
    """Subclass with a fixture ``objects``: a store that holds CONTENT under KEY."""

    async def test_an_object_is_read_whole(self, objects: ObjectStore) -> None:
        assert await objects.read(KEY) == CONTENT
        assert await objects.size(KEY) == len(CONTENT)

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (100, 300_000), (0, len(CONTENT))])
    async def test_a_part_comes_in_order(self, objects: ObjectStore, start: int, end: int) -> None:
        chunks = await objects.open(KEY, start, end)
        assert b"".join([chunk async for chunk in chunks]) == CONTENT[start:end]

    async def test_an_unknown_key_is_missing(self, objects: ObjectStore) -> None:
        with pytest.raises(ObjectMissing):
            await objects.read("media/none")
        with pytest.raises(ObjectMissing):
            await objects.size("media/none")
        with pytest.raises(ObjectMissing):
            await objects.open("media/none", 0, 1)


class TestLocalObjects(ObjectStoreContract):
    @pytest.fixture
    def objects(self, tmp_path: Path) -> LocalObjects:
        (tmp_path / KEY).parent.mkdir()
        (tmp_path / KEY).write_bytes(CONTENT)
        found = open_objects(tmp_path.as_uri())
        assert isinstance(found, LocalObjects)
        return found

    def test_an_object_is_a_file_of_its_size(self, objects: LocalObjects) -> None:
        file = objects.local_file(KEY)
        assert file.path.read_bytes() == CONTENT
        assert file.size == len(CONTENT)

    def test_what_is_no_file_is_missing(self, objects: LocalObjects) -> None:
        for key in ("media/none", "media", f"{KEY}/below"):
            with pytest.raises(ObjectMissing):
                objects.local_file(key)


class TestObstoreObjects(ObjectStoreContract):
    @pytest.fixture
    def objects(self) -> ObstoreObjects:
        store = MemoryStore()
        obstore.put(store, KEY, CONTENT)
        return ObstoreObjects(store)

    def test_it_has_no_local_files(self, objects: ObstoreObjects) -> None:
        assert objects.local_file(KEY) is None


async def test_a_store_that_fails_is_unavailable() -> None:
    nowhere = open_objects("http://127.0.0.1:9/bucket")
    store: ObjectStore = nowhere
    with pytest.raises(StoreUnavailable):
        await store.read(KEY)


def test_a_url_that_names_no_store_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        open_objects("nonsense://x")
