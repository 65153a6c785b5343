"""What every ``PlaylistStore`` must do when it is written to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from meshkit.feeds import Op
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain import content as contents
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.order import EMPTY
from playlist_svc.domain.playlist import Head, Kind, Member
from playlist_svc.domain.rules import Condition, Field, Operator, Ordering, Rule, RuleMatch
from playlist_svc.ports.playlists import Kinds, ManagedPlaylistExists, PlaylistStore, Writing
from tests.contracts.playlist import playlists_world as store_world
from tests.contracts.playlist.playlists_world import (
    NOW,
    StoreWorld,
    appended,
    change_head,
    changes,
    edit,
    entries,
    key,
    known,
    made,
    new_id,
    version,
)

RULE = Rule(
    RuleMatch.ANY,
    (
        Condition(Field.GENRE, Operator.IS, ("Dub", "דאב")),
        Condition(Field.YEAR, Operator.AT_MOST, ("1999",)),
    ),
    50,
    Ordering.RANDOM,
    descending=True,
)


class StoreWritesContract:
    """Subclass it with the fixtures ``world``, and ``small_world`` in which a user has and follows
    at most 3 playlists."""

    async def test_what_was_created_can_be_read_from_every_instance(
        self, world: StoreWorld
    ) -> None:
        owner = new_id()
        created = await made(world.store, owner, 3, "Ünïcode \u200f ראש")
        assert (created.revision, created.version, created.track_count) == (1, 1, 3)
        assert created.total_duration_ms == 600_000
        assert created.artwork_paths == ("/art/1.jpg",)
        assert await world.other.head(created.playlist_id) == created
        assert len((await world.other.content(created, 1)).order) == 3

    async def test_an_unknown_playlist_is_none_and_cannot_be_written(
        self, world: StoreWorld
    ) -> None:
        async def never(writing: Writing) -> bytes:
            raise AssertionError("there is nothing to decide about")

        assert await world.store.head(new_id()) is None
        with pytest.raises(NotFound):
            await world.store.write(new_id(), None, never)

    async def test_creating_twice_with_one_key_makes_one_playlist(self, world: StoreWorld) -> None:
        owner, request = new_id(), key()
        first = version(contents.Content("One", "", EMPTY), owner, kind=Kind.CREATED)
        attempts = [
            store.create(store_world.head(owner), first, request)
            for store in (world.store, world.other, world.store, world.other)
        ]
        created = await asyncio.gather(*attempts)
        assert len({head.playlist_id for head in created}) == 1
        assert len(await world.store.heads_of(owner, Kinds.OWNED, None, 10)) == 1
        await edit(world.store, created[0].playlist_id, owner, lambda c: contents.rename(c, "Two"))
        assert (await world.other.create(store_world.head(owner), first, request)).title == "One"

    async def test_an_edit_makes_the_next_version_and_the_head_follows(
        self, world: StoreWorld
    ) -> None:
        owner = new_id()
        created = await made(world.store, owner, 2)
        (entry,) = entries(1, owner)
        snapshot_id = await edit(world.store, created.playlist_id, owner, appended(entry))
        after = await known(world.other, created.playlist_id)
        assert (after.revision, after.version, after.snapshot_id) == (2, 2, snapshot_id)
        assert (after.track_count, after.total_duration_ms) == (3, 600_000)
        assert (await world.other.content(after, 2)).order.entry(2) == entry

    async def test_eight_writers_on_two_instances_lose_nothing_and_are_in_one_order(
        self, world: StoreWorld
    ) -> None:
        owner = new_id()
        created = await made(world.store, owner, 1)
        added = [entries(10, owner) for _ in range(8)]

        async def writer(number: int) -> None:
            store = (world.store, world.other)[number % 2]
            for entry in added[number]:
                await edit(store, created.playlist_id, owner, appended(entry))

        await asyncio.gather(*map(writer, range(8)))
        after = await known(world.store, created.playlist_id)
        assert (after.revision, after.track_count) == (81, 81)
        cold = world.cold()
        before = (await cold.content(after, 1)).order
        for revision in range(2, 82):
            order = (await cold.content(after, revision)).order
            assert order.packed[: len(before.packed)] == before.packed
            assert len(order) == revision
            before = order
        wanted = {entry.item_id for each in added for entry in each}
        assert set(before.item_ids()) >= wanted

    async def test_one_key_on_two_instances_at_once_makes_one_version_and_one_answer(
        self, world: StoreWorld
    ) -> None:
        owner, request = new_id(), key()
        created = await made(world.store, owner)
        answers = await asyncio.gather(
            *(
                edit(store, created.playlist_id, owner, appended(entries(1, owner)[0]), request)
                for store in (world.store, world.other) * 3
            )
        )
        assert len(set(answers)) == 1
        after = await known(world.store, created.playlist_id)
        assert (after.revision, after.track_count, after.snapshot_id) == (2, 1, answers[0])

    async def test_one_key_with_another_body_is_refused(self, world: StoreWorld) -> None:
        owner, request = new_id(), key()
        created = await made(world.store, owner)
        entry = entries(1, owner)[0]
        await edit(world.store, created.playlist_id, owner, appended(entry), request)
        with pytest.raises(InvalidArgument):
            await edit(
                world.other,
                created.playlist_id,
                owner,
                appended(entry),
                replace(request, body_sha256=b"another".ljust(32)),
            )

    async def test_a_decision_that_raises_leaves_nothing(self, world: StoreWorld) -> None:
        owner, request = new_id(), key()
        created = await made(world.store, owner)
        token = await world.feed.head()

        async def refuse(writing: Writing) -> bytes:
            content = await writing.content(1)
            writing.record(version(contents.rename(content, "Never"), owner))
            writing.change(replace(writing.head, visibility=Visibility.PUBLIC))
            raise FailedPrecondition("No.")

        with pytest.raises(FailedPrecondition):
            await world.store.write(created.playlist_id, request, refuse)
        assert await world.store.head(created.playlist_id) == created
        assert await changes(world.feed, token) == []
        title = await edit(
            world.store, created.playlist_id, owner, lambda c: contents.rename(c, "Now"), request
        )
        after = await known(world.other, created.playlist_id)
        assert (after.title, after.revision, after.snapshot_id) == ("Now", 2, title)
        assert (await world.store.content(after, 2)).title == "Now"

    async def test_a_decision_without_a_change_writes_nothing_but_its_answer(
        self, world: StoreWorld
    ) -> None:
        created = await made(world.store, new_id())
        token, request = await world.feed.head(), key()
        asked = []

        async def nothing(writing: Writing) -> bytes:
            asked.append(writing.change(replace(writing.head)))
            return b"as it was"

        for store in (world.store, world.other):
            assert await store.write(created.playlist_id, request, nothing) == b"as it was"
        assert asked == [created]
        assert await world.store.head(created.playlist_id) == created
        assert await changes(world.feed, token) == []

    async def test_a_decision_sees_what_it_has_recorded_itself(self, world: StoreWorld) -> None:
        owner = new_id()
        created = await made(world.store, owner)
        titles, told = [], []

        async def decide(writing: Writing) -> bytes:
            content = contents.rename(await writing.content(1), "Mine")
            recorded = version(content, owner)
            writing.record(recorded)
            writing.change(replace(writing.head, visibility=Visibility.LINK))
            titles.append((await writing.content(2)).title)
            told.append(await writing.snapshot_at(2))
            told.append(await writing.snapshot(recorded.snapshot_id))
            with pytest.raises(RuntimeError):
                writing.record(recorded)
            return b""

        await world.store.write(created.playlist_id, None, decide)
        after = await known(world.other, created.playlist_id)
        assert (after.title, after.visibility, after.version) == ("Mine", Visibility.LINK, 2)
        assert titles == ["Mine"]
        stored = await world.other.snapshot(created.playlist_id, after.snapshot_id)
        assert told == [stored, stored]

    async def test_all_of_a_head_comes_back(self, world: StoreWorld) -> None:
        created = await made(world.store, new_id())
        members = (Member(new_id(), Role.EDITOR, NOW + 1), Member(new_id(), Role.VIEWER, NOW + 2))
        await change_head(
            world.store,
            created.playlist_id,
            visibility=Visibility.PUBLIC,
            members=members,
            rule=RULE,
            rule_evaluated_at_ms=NOW + 123,
            deleted_at_ms=NOW + 456,
        )
        after = await known(world.other, created.playlist_id)
        assert after == replace(
            created,
            version=2,
            visibility=Visibility.PUBLIC,
            members=members,
            rule=RULE,
            rule_evaluated_at_ms=NOW + 123,
            deleted_at_ms=NOW + 456,
        )
        assert heads.decode(heads.encode(after)) == after

    async def test_a_service_has_one_playlist_of_an_owner_and_a_key(
        self, world: StoreWorld
    ) -> None:
        owner, other = new_id(), new_id()
        first = version(contents.Content("Weekly", "", EMPTY), owner, kind=Kind.CREATED)

        async def create(store: PlaylistStore, owner_id: str, name: str, by: str) -> Head | None:
            head = store_world.head(owner_id)
            named = replace(head, managed_by=by, managed_key=name, managed_edition=7)
            try:
                return await store.create(named, first, None)
            except ManagedPlaylistExists:
                return None

        stores = (world.store, world.other) * 4
        created = await asyncio.gather(*(create(one, owner, "weekly", "rec") for one in stores))
        (made,) = [head for head in created if head is not None]
        assert await world.other.managed(owner, "rec", "weekly") == made
        assert made.managed_edition == 7
        assert len(await world.store.heads_of(owner, Kinds.OWNED, None, 10)) == 1
        for owner_id, name, by in (
            (other, "weekly", "rec"),
            (owner, "daily", "rec"),
            (owner, "weekly", "sync"),
        ):
            assert await world.store.managed(owner_id, by, name) is None
            assert await create(world.store, owner_id, name, by) is not None
        await change_head(world.store, made.playlist_id, managed_edition=8)
        assert (await known(world.other, made.playlist_id)).managed_edition == 8

    async def test_a_change_leaves_what_a_version_says_alone(self, world: StoreWorld) -> None:
        created = await made(world.store, new_id(), 2)
        await change_head(
            world.store, created.playlist_id, title="x", track_count=9, follower_count=7, revision=5
        )
        assert await world.store.head(created.playlist_id) == created

    async def test_the_feed_tells_every_change_once_with_its_head(self, world: StoreWorld) -> None:
        token, owner = await world.feed.head(), new_id()
        created = await made(world.store, owner)
        told = [created]
        playlist_id = created.playlist_id
        await edit(world.store, playlist_id, owner, appended(entries(1, owner)[0]))
        told.append(await known(world.store, playlist_id))
        await world.other.follow(playlist_id, new_id(), NOW)
        told.append(await known(world.store, playlist_id))
        for deleted_at_ms in (NOW, None):
            await change_head(world.other, playlist_id, deleted_at_ms=deleted_at_ms)
            told.append(await known(world.store, playlist_id))
        found = await changes(world.feed, token)
        assert [(c.entity, c.id, c.version) for c in found] == [
            ("playlist", playlist_id, number) for number in range(1, 6)
        ]
        assert [c.op for c in found] == [Op.UPSERT] * 3 + [Op.DELETE, Op.UPSERT]
        assert [heads.decode(c.payload) for c in found] == told

    async def test_an_acknowledged_head_is_in_the_cache(self, world: StoreWorld) -> None:
        owner = new_id()
        created = await made(world.store, owner)
        assert await world.cache.get(created.playlist_id) == created
        await edit(world.other, created.playlist_id, owner, lambda c: contents.rename(c, "Other"))
        after = await known(world.store, created.playlist_id)
        assert await world.cache.get(created.playlist_id) == after
        await world.store.follow(created.playlist_id, new_id(), NOW)
        held = await world.cache.get(created.playlist_id)
        assert held is not None
        assert held.follower_count == 1

    async def test_a_user_has_a_bounded_number_of_playlists(self, small_world: StoreWorld) -> None:
        store, owner, heir = small_world.store, new_id(), new_id()
        mine = [await made(store, owner) for _ in range(3)]
        with pytest.raises(FailedPrecondition) as refused:
            await made(small_world.other, owner)
        assert refused.value.reason == "COLLECTION_FULL"
        await change_head(store, mine[0].playlist_id, deleted_at_ms=NOW)
        mine.append(await made(store, owner))
        with pytest.raises(FailedPrecondition):
            await change_head(store, mine[0].playlist_id, deleted_at_ms=None)
        assert (await known(store, mine[0].playlist_id)).deleted_at_ms == NOW
        await change_head(store, mine[1].playlist_id, owner_id=heir)
        await change_head(store, mine[0].playlist_id, deleted_at_ms=None)
        for _ in range(2):
            await made(store, heir)
        with pytest.raises(FailedPrecondition):
            await change_head(store, mine[2].playlist_id, owner_id=heir)

    async def test_creating_at_once_stays_within_the_bound(self, small_world: StoreWorld) -> None:
        owner = new_id()
        attempts = [
            made(store, owner) for store in (small_world.store, small_world.other) for _ in range(4)
        ]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        refused = [result for result in results if isinstance(result, FailedPrecondition)]
        assert len(refused) == 5
        assert len(await small_world.store.heads_of(owner, Kinds.OWNED, None, 10)) == 3
