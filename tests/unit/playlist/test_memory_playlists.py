"""The memory adapters of playlists under the suites of their ports."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from tests.contracts.playlist.playlists_erasure_suite import StoreErasureContract
from tests.contracts.playlist.playlists_head_cache_suite import HeadCacheContract
from tests.contracts.playlist.playlists_history_suite import StoreHistoryContract
from tests.contracts.playlist.playlists_lists_suite import StoreListsContract
from tests.contracts.playlist.playlists_world import head, new_id
from tests.contracts.playlist.playlists_writes_suite import StoreWritesContract


class MemoryWorld:
    """All instances are the one store: nothing is kept beside it."""

    def __init__(self, **bounds: int) -> None:
        self.cache = MemoryHeads()
        self.store = self.other = MemoryPlaylists(self.cache, **bounds)
        self.feed = self.store.feed

    def cold(self) -> MemoryPlaylists:
        return self.store

    async def block(self, user_id: str, blocked_id: str) -> None:
        self.store.blocks.add((user_id, blocked_id))


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def small_world() -> MemoryWorld:
    return MemoryWorld(most_playlists=3, kept_revisions=40)


class TestMemoryPlaylistsWritten(StoreWritesContract): ...


class TestMemoryPlaylistsHistory(StoreHistoryContract): ...


class TestMemoryPlaylistsListed(StoreListsContract): ...


class TestMemoryPlaylistsErased(StoreErasureContract): ...


class TestMemoryHeads(HeadCacheContract):
    @pytest.fixture
    def cache(self) -> MemoryHeads:
        return MemoryHeads()


async def test_heads_that_are_away_are_neither_kept_nor_found() -> None:
    cache, kept = MemoryHeads(), head(new_id())
    await cache.put([kept])
    cache.away = True
    assert await cache.get(kept.playlist_id) is None
    await cache.put([head(kept.owner_id, playlist_id=kept.playlist_id, version=9)])
    cache.away = False
    assert await cache.get(kept.playlist_id) == kept
