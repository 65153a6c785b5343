"""What every ``HeadCache`` must do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Member
from playlist_svc.ports.playlists import HeadCache
from tests.contracts.playlist.playlists_world import NOW, head, new_id


class HeadCacheContract:
    """Subclass it with a fixture ``cache`` that is empty for every test."""

    async def test_what_was_put_comes_back_whole(self, cache: HeadCache) -> None:
        put = head(
            new_id(),
            title="Ünïcode \u200f ראש 1 2",
            visibility=Visibility.PUBLIC,
            artwork_paths=("/a", "/b"),
            members=(Member(new_id(), Role.EDITOR, NOW),),
            deleted_at_ms=NOW,
            total_duration_ms=2**40,
        )
        await cache.put([put])
        assert await cache.get(put.playlist_id) == put

    async def test_an_unknown_playlist_is_not_there(self, cache: HeadCache) -> None:
        await cache.put([])
        assert await cache.get(new_id()) is None

    async def test_only_a_higher_version_replaces_a_head(self, cache: HeadCache) -> None:
        kept = head(new_id(), version=10, deleted_at_ms=NOW)
        await cache.put([kept])
        for version in (9, 10, 2):
            late = replace(kept, version=version, title="late", deleted_at_ms=None)
            await cache.put([late])
            assert await cache.get(kept.playlist_id) == kept
        newer = replace(kept, version=100, title="newer")
        await cache.put([newer])
        assert await cache.get(kept.playlist_id) == newer

    async def test_writers_at_once_leave_the_highest_version(self, cache: HeadCache) -> None:
        plain = head(new_id())
        versions = list(range(1, 120))
        random.Random(1).shuffle(versions)
        await asyncio.gather(
            *(cache.put([replace(plain, version=version)]) for version in versions)
        )
        held = await cache.get(plain.playlist_id)
        assert held is not None
        assert held.version == 119

    async def test_many_are_put_at_once(self, cache: HeadCache) -> None:
        many = [head(new_id(), version=number) for number in range(1, 1_100)]
        await cache.put(many)
        for each in (many[0], many[499], many[500], many[-1]):
            assert await cache.get(each.playlist_id) == each
