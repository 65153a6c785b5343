"""What every ``PlaylistStore`` must keep of the past."""

from __future__ import annotations

import random
from typing import Any

import pytest

from playlist_svc.domain import content as contents
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Kind, Snapshot
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone, Writing
from tests.contracts.playlist.playlists_world import (
    NOW,
    Edit,
    StoreWorld,
    appended,
    change_head,
    edit,
    entries,
    known,
    made,
    new_id,
)


def random_edit(content: Content, author: str, dice: random.Random) -> Content:
    """One of the ways in which lists are edited."""
    order = content.order
    item_ids = order.item_ids()
    match dice.choices("armsRtd", weights=(40, 20, 20, 2, 3, 10, 5))[0]:
        case "r" if len(item_ids) > 3:
            return contents.remove(content, dice.sample(item_ids, dice.randint(1, 3)))[0]
        case "m" if len(item_ids) > 3:
            moved = dice.sample(item_ids, dice.randint(1, 3))
            rest = [item_id for item_id in item_ids if item_id not in moved]
            return contents.move(content, moved, dice.choice([*rest, None]))
        case "s":
            return contents.sort(content, order.track_ids())
        case "R":
            return contents.replace(content, entries(dice.randint(0, 60), author))
        case "t":
            return contents.rename(content, f"Title {dice.random()}")
        case "d":
            return contents.describe(content, "words " * dice.randint(0, 9))
        case _:
            added = entries(dice.randint(1, 4), author)
            return contents.add(content, added, dice.randint(0, len(order)))


def becoming(content: Content) -> Edit:
    return lambda _: content


async def last(store: PlaylistStore, playlist_id: str, author: str) -> tuple[object, object]:
    """The revisions that the author would undo and redo."""
    found: list[Snapshot | None] = []

    async def decide(writing: Writing) -> bytes:
        found.append(await writing.last_undoable(author))
        found.append(await writing.last_redoable(author))
        return b""

    await store.write(playlist_id, None, decide)
    undoable, redoable = (snapshot and snapshot.revision for snapshot in found)
    return undoable, redoable


class StoreHistoryContract:
    """Subclass it with the fixtures ``world``, and ``small_world`` in which 40 versions are kept
    and full copies stand close together."""

    async def test_every_version_of_600_edits_is_read_again_as_it_was(
        self, world: StoreWorld
    ) -> None:
        await self._every_version_is_read_again(world, 600)

    async def test_every_version_is_read_again_between_many_full_copies(
        self, small_world: StoreWorld
    ) -> None:
        await self._every_version_is_read_again(small_world, 90)

    async def _every_version_is_read_again(self, world: StoreWorld, count: int) -> None:
        dice, owner = random.Random(count), new_id()
        created = await made(world.store, owner, 30)
        model = [await world.store.content(created, 1)]
        for number in range(count):
            changed = random_edit(model[-1], owner, dice)
            store = (world.store, world.other)[number % 7 == 0]
            await edit(store, created.playlist_id, owner, becoming(changed))
            model.append(changed)
        after = await known(world.store, created.playlist_id)
        assert after.revision == count + 1
        cold = world.cold()
        for revision in dice.sample(range(1, count + 2), count + 1):
            assert await cold.content(after, revision) == model[revision - 1]
        for revision in (1, count // 2, count + 1):
            assert await world.cold().content(after, revision) == model[revision - 1]

    async def test_a_version_that_never_was_is_gone(self, world: StoreWorld) -> None:
        created = await made(world.store, new_id())
        for store in (world.store, world.cold()):
            for revision in (-1, 0, 2, 1_000_000):
                with pytest.raises(RevisionGone):
                    await store.content(created, revision)

        async def decide(writing: Writing) -> bytes:
            for revision in (0, 2):
                with pytest.raises(RevisionGone):
                    await writing.content(revision)
            return b""

        await world.store.write(created.playlist_id, None, decide)

    async def test_versions_are_listed_from_the_newest_on(self, world: StoreWorld) -> None:
        owner, other = new_id(), new_id()
        created = await made(world.store, owner)
        for number in range(5):
            author = (owner, other)[number % 2]
            await edit(
                world.store,
                created.playlist_id,
                author,
                appended(entries(1, author)[0]),
                created_at_ms=NOW + number,
                summary=f"edit {number}",
            )
        listed = await world.other.snapshots(created.playlist_id, None, 4)
        assert [s.revision for s in listed] == [6, 5, 4, 3]
        assert [s.summary for s in listed] == ["edit 4", "edit 3", "edit 2", "edit 1"]
        assert [s.author_id for s in listed] == [owner, other, owner, other]
        assert [s.created_at_ms for s in listed] == [NOW + 4, NOW + 3, NOW + 2, NOW + 1]
        assert [s.track_count for s in listed] == [5, 4, 3, 2]
        rest = await world.other.snapshots(created.playlist_id, 3, 4)
        assert [(s.revision, s.kind) for s in rest] == [(2, Kind.EDIT), (1, Kind.CREATED)]
        between = await world.other.snapshots_between(created.playlist_id, 2, 3)
        assert [s.revision for s in between] == [4, 5, 6]
        assert await world.other.snapshots_between(created.playlist_id, 6, 3) == []

    async def test_a_version_is_found_by_its_id_in_its_own_playlist(
        self, world: StoreWorld
    ) -> None:
        owner = new_id()
        one, two = await made(world.store, owner), await made(world.store, owner)
        found = await world.other.snapshot(one.playlist_id, one.snapshot_id)
        assert found is not None
        assert found.revision == 1
        assert await world.other.snapshot(two.playlist_id, one.snapshot_id) is None
        assert await world.other.snapshot(one.playlist_id, new_id()) is None

    async def test_undo_and_redo_go_back_and_forth_through_ones_own_edits(
        self, world: StoreWorld
    ) -> None:
        me, you = new_id(), new_id()
        playlist_id = (await made(world.store, me)).playlist_id
        assert await last(world.store, playlist_id, me) == (None, None)
        for author in (me, you, me):
            await edit(world.store, playlist_id, author, appended(entries(1, author)[0]))
        assert await last(world.store, playlist_id, me) == (4, None)
        assert await last(world.store, playlist_id, you) == (3, None)

        async def step(kind: Kind, **said: Any) -> None:
            await edit(world.store, playlist_id, me, lambda c: c, kind=kind, **said)

        await step(Kind.UNDO, undoes=4, reverts=4)
        assert await last(world.store, playlist_id, me) == (2, 4)
        await step(Kind.UNDO, undoes=2, reverts=2)
        assert await last(world.store, playlist_id, me) == (None, 2)
        undone = [s.undone_by for s in await world.other.snapshots(playlist_id, None, 9)]
        assert undone == [None, None, 5, None, 6, None]
        await step(Kind.REDO, redoes=2, reverts=2)
        assert await last(world.store, playlist_id, me) == (2, 4)
        await edit(world.store, playlist_id, you, appended(entries(1, you)[0]))
        assert await last(world.store, playlist_id, me) == (2, 4)
        await step(Kind.RESTORE, reverts=1)
        assert await last(world.store, playlist_id, me) == (9, None)
        assert await last(world.store, playlist_id, you) == (8, None)

    async def test_a_redo_is_for_who_undid_and_while_the_undo_stands(
        self, world: StoreWorld
    ) -> None:
        me, you, store = new_id(), new_id(), world.store
        playlist_id = (await made(store, me)).playlist_id

        async def step(author: str, kind: Kind, **said: Any) -> None:
            change: Edit = appended(entries(1, author)[0])
            await edit(store, playlist_id, author, change, kind=kind, **said)

        async def redoable() -> tuple[object, object]:
            return (await last(store, playlist_id, me))[1], (
                await last(world.other, playlist_id, you)
            )[1]

        await step(me, Kind.EDIT)
        await step(me, Kind.EDIT)
        await step(you, Kind.UNDO, reverts=2, undoes=2)
        assert await redoable() == (None, 2)
        await step(me, Kind.UNDO, reverts=3, undoes=3)
        assert await redoable() == (3, 2)
        # What the other undid is done again by me: the other's undo stands no longer.
        await step(me, Kind.REDO, reverts=2, redoes=2)
        assert await redoable() == (3, None)
        # A redo that is taken back counts for who takes it back.
        await step(you, Kind.UNDO, reverts=6, undoes=2)
        assert await redoable() == (3, 2)
        # An undo of an undo is nothing to redo.
        await step(you, Kind.UNDO, reverts=5, undoes=5, redoes=3)
        assert await redoable() == (None, 2)
        await step(me, Kind.EDIT)
        assert await redoable() == (None, 2)
        await step(you, Kind.RESTORE, reverts=1)
        assert await redoable() == (None, None)
        await step(me, Kind.UNDO, reverts=10, undoes=10)
        await step(me, Kind.UNDO, reverts=9, undoes=9)
        assert await redoable() == (9, None)
        await step(me, Kind.REDO, reverts=9, redoes=9)
        assert await redoable() == (10, None)

    async def test_old_versions_are_purged_and_the_rest_stays(
        self, small_world: StoreWorld
    ) -> None:
        owner, store = new_id(), small_world.store
        created = await made(store, owner, 200)
        short = await made(store, owner)
        model = [await store.content(created, 1)]
        assert await small_world.other.content(created, 1) == model[0]
        for _ in range(100):
            model.append(contents.add(model[-1], entries(1, owner)))
            await edit(store, created.playlist_id, owner, becoming(model[-1]))
        before = await known(store, created.playlist_id)
        assert await store.purge(NOW, 10) > 0
        assert await store.purge(NOW, 10) == 0
        assert await store.head(created.playlist_id) == before
        # What this instance has in memory is older than the oldest version that is left.
        assert await small_world.other.content(before, 101) == model[100]
        cold = small_world.cold()
        with pytest.raises(RevisionGone):
            await cold.content(before, 1)
        kept = range(before.revision - 40, before.revision + 1)
        for revision in kept:
            assert await cold.content(before, revision) == model[revision - 1]
        listed = await cold.snapshots(created.playlist_id, None, 200)
        assert {s.revision for s in listed} >= set(kept)
        assert min(s.revision for s in listed) > 1
        assert len((await cold.content(short, 1)).order) == 0
        await edit(store, created.playlist_id, owner, lambda c: contents.rename(c, "On"))
        assert (await known(store, created.playlist_id)).revision == 102

    async def test_a_playlist_is_erased_when_it_cannot_be_recovered_any_more(
        self, small_world: StoreWorld
    ) -> None:
        day_ms, owner, fan = 24 * 3_600_000, new_id(), new_id()
        store = small_world.store
        gone, kept, other = [await made(store, owner) for _ in range(3)]
        for playlist in (gone, kept, other):
            await store.follow(playlist.playlist_id, fan, NOW)
        await change_head(store, gone.playlist_id, deleted_at_ms=NOW - 31 * day_ms)
        await change_head(store, kept.playlist_id, deleted_at_ms=NOW - 29 * day_ms)
        assert await store.purge(NOW, 0) == 0
        assert await store.purge(NOW, 10) == 1
        assert await store.purge(NOW, 10) == 0
        assert await store.head(gone.playlist_id) is None
        assert await store.snapshot(gone.playlist_id, gone.snapshot_id) is None
        with pytest.raises(RevisionGone):
            await small_world.cold().content(gone, 1)
        assert (await known(store, kept.playlist_id)).follower_count == 1
        # The follower has room for one more again.
        await store.follow((await made(store, new_id())).playlist_id, fan, NOW)
