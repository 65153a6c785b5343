"""What every ``Listings`` must do."""

from __future__ import annotations

from playlist_svc.domain.access import Visibility
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.playlists import PlaylistStore
from tests.contracts.playlist.playlists_world import NOW, change_head, made, new_id

PUBLIC = Visibility.PUBLIC


class ListingsContract:
    """Fixtures bring the ``store`` and the ``listings`` that read over it."""

    async def test_public_playlists_come_by_id_and_no_others(
        self, store: PlaylistStore, listings: Listings
    ) -> None:
        owner = new_id()
        ids = sorted([(await made(store, owner, visibility=PUBLIC)).playlist_id for _ in range(3)])
        await made(store, owner, visibility=Visibility.LINK)
        await made(store, owner)
        gone = await made(store, owner, visibility=PUBLIC)
        await change_head(store, gone.playlist_id, deleted_at_ms=NOW)
        assert [one.playlist_id for one in await listings.public_heads("", 10)] == ids
        assert [one.playlist_id for one in await listings.public_heads("", 2)] == ids[:2]
        assert [one.playlist_id for one in await listings.public_heads(ids[1], 2)] == ids[2:]
        assert await listings.public_heads(ids[2], 2) == []

    async def test_a_public_playlist_is_told_as_it_is(
        self, store: PlaylistStore, listings: Listings
    ) -> None:
        one = await made(store, new_id(), 2, visibility=PUBLIC)
        assert await listings.public_heads("", 1) == [await store.head(one.playlist_id)]

    async def test_what_a_user_follows_is_told_of_those_asked_for(
        self, store: PlaylistStore, listings: Listings
    ) -> None:
        user_id, owner = new_id(), new_id()
        first, second, third = [
            (await made(store, owner, visibility=PUBLIC)).playlist_id for _ in range(3)
        ]
        for playlist_id in (first, second):
            await store.follow(playlist_id, user_id, NOW)
        await store.follow(third, new_id(), NOW)
        assert await listings.followed(user_id, [second, third]) == {second}
        assert await listings.followed(user_id, []) == frozenset()
