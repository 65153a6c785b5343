"""What every ``PlaylistStore`` must do to forget a user."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.faults import FailedPrecondition, NotFound
from meshkit.feeds import Op
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.ports.playlists import Kinds, PlaylistRelation
from tests.contracts.playlist.playlists_world import (
    NOW,
    StoreWorld,
    appended,
    change_head,
    changes,
    edit,
    entries,
    known,
    made,
    new_id,
)


class StoreErasureContract:
    """Subclass it with fixtures ``world`` and ``small_world`` (at most 3 playlists a user)."""

    async def test_what_a_user_owns_is_gone_deleted_playlists_too(self, world: StoreWorld) -> None:
        leaver, stays = new_id(), new_id()
        mine = [await made(world.store, leaver, 3) for _ in range(3)]
        await change_head(world.store, mine[1].playlist_id, deleted_at_ms=NOW)
        other = await made(world.store, stays, 2)
        await world.other.erase(leaver)
        for head in mine:
            assert await world.store.head(head.playlist_id) is None
            assert await world.store.snapshots(head.playlist_id, None, 9) == []
            with pytest.raises(NotFound):
                await world.store.follow(head.playlist_id, stays, NOW)
        for kind in (Kinds.OWNED, Kinds.DELETED):
            assert await world.store.heads_of(leaver, kind, None, 9) == []
        assert await known(world.store, other.playlist_id) == other

    async def test_the_feed_and_the_cache_tell_that_it_is_deleted_and_no_more(
        self, world: StoreWorld
    ) -> None:
        leaver, friend = new_id(), new_id()
        members = (Member(friend, Role.EDITOR, NOW),)
        head = await made(world.store, leaver, 3, "A secret", members=members)
        token = await world.feed.head()
        await world.store.erase(leaver)
        (told,) = await changes(world.feed, token)
        assert (told.id, told.op) == (head.playlist_id, Op.DELETE)
        assert told.version == head.version + 1
        gone = heads.decode(told.payload)
        assert gone.deleted_at_ms is not None
        assert (gone.title, gone.description, gone.members, gone.artwork_paths) == ("", "", (), ())
        assert await world.cache.get(head.playlist_id) == gone

    async def test_roles_and_following_end_and_the_feed_tells_it(self, world: StoreWorld) -> None:
        leaver, owner, friend = new_id(), new_id(), new_id()
        stays = Member(friend, Role.EDITOR, NOW)
        members = (Member(leaver, Role.EDITOR, NOW), stays)
        shared = await made(world.store, owner, 1, members=members, visibility=Visibility.PUBLIC)
        deleted = await made(world.store, owner, members=members)
        await change_head(world.store, deleted.playlist_id, deleted_at_ms=NOW)
        await world.store.follow(shared.playlist_id, leaver, NOW)
        await world.store.follow(shared.playlist_id, friend, NOW)
        token = await world.feed.head()
        await world.other.erase(leaver)
        after = await known(world.store, shared.playlist_id)
        assert (after.members, after.follower_count) == ((stays,), 1)
        assert (await known(world.store, deleted.playlist_id)).members == (stays,)
        assert await self._lists(world, leaver) == []
        standing = await world.store.relation(shared.playlist_id, owner, leaver)
        assert standing == PlaylistRelation(follows=False, blocked=False)
        told = await changes(world.feed, token)
        assert {one.id for one in told} == {shared.playlist_id, deleted.playlist_id}
        newest = max((one for one in told if one.id == after.playlist_id), key=lambda c: c.version)
        assert heads.decode(newest.payload) == after
        assert await world.cache.get(after.playlist_id) == after

    async def test_edits_in_the_playlists_of_others_stay_under_the_id(
        self, world: StoreWorld
    ) -> None:
        leaver, owner = new_id(), new_id()
        members = (Member(leaver, Role.EDITOR, NOW),)
        playlist_id = (await made(world.store, owner, members=members)).playlist_id
        entry = entries(1, leaver)[0]
        await edit(world.store, playlist_id, leaver, appended(entry))
        await world.store.erase(leaver)
        head = await known(world.store, playlist_id)
        assert (await world.cold().content(head, head.revision)).order.slice(0) == [entry]
        newest, _ = await world.store.snapshots(playlist_id, None, 9)
        assert newest.author_id == leaver

    async def test_those_who_followed_an_erased_playlist_may_follow_others_instead(
        self, small_world: StoreWorld
    ) -> None:
        store, leaver, fan = small_world.store, new_id(), new_id()
        mine = [await made(store, leaver) for _ in range(3)]
        for head in mine:
            await store.follow(head.playlist_id, fan, NOW)
        another = (await made(store, new_id())).playlist_id
        with pytest.raises(FailedPrecondition):
            await store.follow(another, fan, NOW)
        await store.erase(leaver)
        assert await store.follow(another, fan, NOW) == 1
        await made(store, leaver)

    async def test_erasing_again_and_at_the_same_time_does_no_harm(self, world: StoreWorld) -> None:
        leaver, owner, fan = new_id(), new_id(), new_id()
        members = (Member(leaver, Role.VIEWER, NOW),)
        shared = [await made(world.store, owner, members=members) for _ in range(3)]
        mine = [await made(world.store, leaver, 2) for _ in range(3)]
        for head in (*shared, *mine):
            await world.store.follow(head.playlist_id, leaver, NOW)
            await world.store.follow(head.playlist_id, fan, NOW)
        await asyncio.gather(*(store.erase(leaver) for store in (world.store, world.other)))
        await world.other.erase(leaver)
        for head in shared:
            after = await known(world.store, head.playlist_id)
            assert (after.members, after.follower_count) == ((), 1)
        assert [await world.store.head(head.playlist_id) for head in mine] == [None] * 3

    async def test_a_playlist_that_was_handed_on_stays(self, world: StoreWorld) -> None:
        leaver, heir = new_id(), new_id()
        playlist_id = (await made(world.store, leaver, 2)).playlist_id
        former = (Member(leaver, Role.EDITOR, NOW),)
        await change_head(world.store, playlist_id, owner_id=heir, members=former)
        await world.store.erase(leaver)
        after = await known(world.store, playlist_id)
        assert (after.owner_id, after.members, after.track_count) == (heir, (), 2)

    async def _lists(self, world: StoreWorld, user_id: str) -> list[Head]:
        return [
            listed.head
            for kind in Kinds
            for listed in await world.store.heads_of(user_id, kind, None, 9)
        ]
