"""What every ``PlaylistStore`` must do about followers and lists of playlists."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import EMPTY
from playlist_svc.domain.playlist import Head, Kind, Member
from playlist_svc.ports.playlists import Kinds, PlaylistRelation, PlaylistStore
from tests.contracts.playlist.playlists_world import (
    NOW,
    StoreWorld,
    appended,
    change_head,
    edit,
    entries,
    head,
    key,
    known,
    made,
    new_id,
    version,
)


async def listed(store: PlaylistStore, user_id: str, kinds: Kinds, limit: int = 2) -> list[str]:
    """All pages of a list."""
    found: list[str] = []
    after: tuple[int, str] | None = None
    while page := await store.heads_of(user_id, kinds, after, limit):
        assert len(page) <= limit
        found += [each.head.playlist_id for each in page]
        after = (page[-1].key_ms, page[-1].head.playlist_id)
    return found


class StoreListsContract:
    """Subclass it with the fixtures ``world``, and ``small_world`` in which a user has and follows
    at most 3 playlists."""

    async def test_fifty_followers_at_once_are_counted_exactly(self, world: StoreWorld) -> None:
        owner = new_id()
        playlist_id = (await made(world.store, owner)).playlist_id
        fans = [new_id() for _ in range(50)]
        counts = await asyncio.gather(
            *(
                (world.store, world.other)[number % 2].follow(playlist_id, fan, NOW)
                for number, fan in enumerate(fans)
            )
        )
        assert sorted(counts) == list(range(1, 51))
        await asyncio.gather(
            *(world.store.unfollow(playlist_id, fan) for fan in fans[:20]),
            *(world.other.unfollow(playlist_id, fan) for fan in fans[:20]),
            *(world.other.follow(playlist_id, fan, NOW) for fan in fans[20:]),
            *(edit(world.store, playlist_id, owner, appended(entries(1, owner)[0])) for _ in "abc"),
        )
        after = await known(world.other, playlist_id)
        assert after.follower_count == 30
        assert (after.revision, after.version) == (4, 1 + 50 + 20 + 3)

    async def test_following_twice_counts_once_and_keeps_its_time(self, world: StoreWorld) -> None:
        playlist_id = (await made(world.store, new_id())).playlist_id
        fan = new_id()
        await change_head(world.store, playlist_id, visibility=Visibility.PUBLIC)
        assert await world.store.follow(playlist_id, fan, NOW) == 1
        assert await world.other.follow(playlist_id, fan, NOW + 5) == 1
        ((key_ms),) = [x.key_ms for x in await world.store.heads_of(fan, Kinds.FOLLOWED, None, 9)]
        assert key_ms == NOW
        await world.other.unfollow(playlist_id, fan)
        await world.store.unfollow(playlist_id, fan)
        assert (await known(world.store, playlist_id)).follower_count == 0

    async def test_a_retry_of_following_is_answered_and_changes_nothing(
        self, world: StoreWorld
    ) -> None:
        playlist_id = (await made(world.store, new_id())).playlist_id
        fan, following, leaving = new_id(), key(), key()
        assert await world.store.stored_answer(following) is None
        calls = [one.follow(playlist_id, fan, NOW, following) for one in (world.store, world.other)]
        assert await asyncio.gather(*calls) == [1, 1]
        assert await world.other.stored_answer(following) is not None
        await world.store.unfollow(playlist_id, fan, leaving)
        assert await world.other.follow(playlist_id, fan, NOW, following) == 1
        assert (await known(world.store, playlist_id)).follower_count == 0
        assert await world.store.follow(playlist_id, fan, NOW) == 1
        await world.other.unfollow(playlist_id, fan, leaving)
        assert (await known(world.store, playlist_id)).follower_count == 1

    async def test_what_is_not_there_cannot_be_followed(self, world: StoreWorld) -> None:
        deleted = (await made(world.store, new_id())).playlist_id
        await change_head(world.store, deleted, deleted_at_ms=NOW)
        for playlist_id in (deleted, new_id()):
            with pytest.raises(NotFound):
                await world.store.follow(playlist_id, new_id(), NOW)
            await world.store.unfollow(playlist_id, new_id())

    async def test_a_user_follows_a_bounded_number(self, small_world: StoreWorld) -> None:
        store, fan = small_world.store, new_id()
        playlists = [(await made(store, new_id())).playlist_id for _ in range(4)]
        for playlist_id in playlists[:3]:
            await store.follow(playlist_id, fan, NOW)
        with pytest.raises(FailedPrecondition) as refused:
            await small_world.other.follow(playlists[3], fan, NOW)
        assert refused.value.reason == "COLLECTION_FULL"
        assert (await known(store, playlists[3])).follower_count == 0
        await store.unfollow(playlists[0], fan)
        assert await store.follow(playlists[3], fan, NOW) == 1

    async def test_users_who_follow_each_others_lists_do_not_wait_in_a_circle(
        self, world: StoreWorld
    ) -> None:
        users = [new_id() for _ in range(6)]
        lists = [(await made(world.store, user)).playlist_id for user in users]
        follows = [
            store.follow(playlist_id, user, NOW)
            for playlist_id in lists
            for user, store in zip(users, (world.store, world.other) * 3, strict=True)
        ]
        transfers = [
            change_head(world.other, playlist_id, owner_id=heir)
            for playlist_id, heir in zip(lists, users[1:] + users[:1], strict=True)
        ]
        await asyncio.gather(*transfers, *follows)
        for playlist_id in lists:
            assert (await known(world.store, playlist_id)).follower_count == 6
        assert [len(await listed(world.store, user, Kinds.OWNED)) for user in users] == [1] * 6

    async def test_standing_tells_who_follows_and_who_is_blocked(self, world: StoreWorld) -> None:
        owner, fan, enemy = new_id(), new_id(), new_id()
        playlist_id = (await made(world.store, owner)).playlist_id
        await world.store.follow(playlist_id, fan, NOW)
        await world.block(owner, enemy)
        await world.block(fan, owner)
        for user, follows, blocked in (
            (fan, True, False),
            (enemy, False, True),
            (new_id(), False, False),
        ):
            relation = await world.other.relation(playlist_id, owner, user)
            assert relation == PlaylistRelation(follows, blocked)

    async def test_pages_go_by_time_and_then_id_where_times_are_equal(
        self, world: StoreWorld
    ) -> None:
        owner = new_id()
        times = [NOW, NOW + 7, NOW + 7, NOW + 7, NOW + 7, NOW + 9]
        mine = [
            await made(world.store, owner, created_at_ms=at, visibility=Visibility.PUBLIC)
            for at in times
        ]
        await made(world.store, new_id(), created_at_ms=NOW + 8, visibility=Visibility.PUBLIC)
        mine.sort(key=lambda each: (each.created_at_ms, each.playlist_id), reverse=True)
        wanted = [each.playlist_id for each in mine]
        for limit in (1, 2, 3, 100):
            assert await listed(world.other, owner, Kinds.OWNED, limit) == wanted
            assert await listed(world.other, owner, Kinds.PUBLIC, limit) == wanted
        fan = new_id()
        for playlist_id in wanted:
            await world.store.follow(playlist_id, fan, NOW)
        assert await listed(world.other, fan, Kinds.FOLLOWED) == sorted(wanted, reverse=True)

    async def test_each_kind_of_list_holds_what_it_says(self, world: StoreWorld) -> None:
        owner, friend = new_id(), new_id()
        private, public, deleted, linked = [
            await made(world.store, owner, created_at_ms=NOW + number) for number in range(4)
        ]
        member = (Member(friend, Role.VIEWER, NOW + 50),)
        await change_head(
            world.store, public.playlist_id, visibility=Visibility.PUBLIC, members=member
        )
        await change_head(world.store, linked.playlist_id, visibility=Visibility.LINK)
        await change_head(
            world.store,
            deleted.playlist_id,
            visibility=Visibility.PUBLIC,
            deleted_at_ms=NOW,
            members=member,
        )

        def named(*playlists: Head) -> list[str]:
            return [playlist.playlist_id for playlist in playlists]

        assert await listed(world.other, owner, Kinds.OWNED) == named(linked, public, private)
        assert await listed(world.other, owner, Kinds.PUBLIC) == named(public)
        assert await listed(world.other, owner, Kinds.DELETED) == named(deleted)
        assert await listed(world.other, owner, Kinds.SHARED) == []
        assert await listed(world.other, friend, Kinds.SHARED) == named(public)
        (shared,) = await world.other.heads_of(friend, Kinds.SHARED, None, 9)
        assert shared.key_ms == NOW + 50
        assert shared.head == await world.other.head(public.playlist_id)

    async def test_members_who_come_and_go_are_in_the_lists_accordingly(
        self, world: StoreWorld
    ) -> None:
        playlist_id = (await made(world.store, new_id())).playlist_id
        one, two, three = (Member(new_id(), Role.EDITOR, NOW + number) for number in range(3))
        for members in ((one, two), (two, three), (Member(two.user_id, Role.VIEWER, NOW + 9),)):
            await change_head(world.store, playlist_id, members=members)
            for member in (one, two, three):
                found = await world.other.heads_of(member.user_id, Kinds.SHARED, None, 9)
                since = {m.user_id: m.since_ms for m in members}.get(member.user_id)
                assert [each.key_ms for each in found] == ([] if since is None else [since])

    async def test_followed_lists_leave_out_what_may_not_be_seen_any_more(
        self, world: StoreWorld
    ) -> None:
        fan, store = new_id(), world.store
        owners = [new_id() for _ in range(5)]
        open_, private, member, deleted, blocked = [
            (await made(store, owner, visibility=Visibility.PUBLIC)).playlist_id for owner in owners
        ]
        for number, playlist_id in enumerate((open_, private, member, deleted, blocked)):
            await store.follow(playlist_id, fan, NOW + number)
        assert len(await listed(store, fan, Kinds.FOLLOWED)) == 5
        await change_head(store, private, visibility=Visibility.PRIVATE)
        await change_head(
            store,
            member,
            visibility=Visibility.PRIVATE,
            members=(Member(fan, Role.VIEWER, NOW),),
        )
        await change_head(store, deleted, deleted_at_ms=NOW)
        await world.block(owners[4], fan)
        assert await listed(store, fan, Kinds.FOLLOWED) == [member, open_]
        await change_head(store, deleted, deleted_at_ms=None)
        assert await listed(store, fan, Kinds.FOLLOWED) == [deleted, member, open_]

    async def test_what_a_creation_would_answer_is_foreseen(self, small_world: StoreWorld) -> None:
        store, other, owner = small_world.store, small_world.other, new_id()
        request = key()
        assert await store.preview_create(owner, request) is None
        first = version(Content("One", "", EMPTY), owner, kind=Kind.CREATED)
        created = await store.create(head(owner), first, request)
        assert await other.preview_create(owner, request) == created
        assert await other.preview_create(owner, None) is None
        with pytest.raises(InvalidArgument) as reused:
            await other.preview_create(owner, replace(request, body_sha256=b"other"))
        assert reused.value.reason == "REQUEST_ID_REUSED"
        for _ in range(2):
            await made(store, owner)
        for unused in (None, key()):
            with pytest.raises(FailedPrecondition) as full:
                await other.preview_create(owner, unused)
            assert full.value.reason == "COLLECTION_FULL"
        assert await other.preview_create(owner, request) == created
        assert await other.preview_create(new_id(), None) is None
