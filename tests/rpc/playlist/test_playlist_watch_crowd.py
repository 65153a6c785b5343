"""Many live views of one big playlist, and views that cannot go on, over gRPC."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playlist.v1 import playlist_service_pb2 as pb

from meshkit.faults import ResourceExhausted, Unavailable
from meshkit.ulids import to_text
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.servicers.playlists import MOST_VIEWS
from playlist_svc.usecases import change_sets
from tests.rpc.playlist.harness import User, World, refused

ENTRIES = 10_000


async def a_big_list(user: User) -> str:
    playlist_id = await user.made(public=True)
    (track_id,) = await user.world.tracks_of("x")
    for _ in range(ENTRIES // 500):
        await user.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id] * 500)
    return playlist_id


async def shuffled(user: User, playlist_id: str) -> None:
    """Every second entry goes to the end."""
    store = user.world.store
    head = await store.head(playlist_id)
    assert head is not None
    ids = (await store.content(head, head.revision)).order.item_ids()
    items = [pb.ReplaceTracksRequest.Item(item_id=to_text(one)) for one in ids[::2] + ids[1::2]]
    await user.call("ReplaceTracks", playlist_id=playlist_id, items=items)


class Spy:
    """Counts how often versions are compared, and what is read of the store meanwhile."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compared = 0
        self.snapshots_read = 0
        self.at_once = 0
        self._running = 0
        compare, read = change_sets.bounded_diff, world.store.snapshots_between
        standing = world.store.relation

        def comparing(old: Content, new: Content) -> Any:
            self.compared += 1
            return compare(old, new)

        async def reading(playlist_id: str, after: int, limit: int) -> list[Snapshot]:
            self.snapshots_read += 1
            return await read(playlist_id, after, limit)

        async def asking(*names: str) -> Any:
            self._running += 1
            self.at_once = max(self.at_once, self._running)
            try:
                return await standing(*names)
            finally:
                self._running -= 1

        monkeypatch.setattr(change_sets, "bounded_diff", comparing)
        monkeypatch.setattr(world.store, "snapshots_between", reading)
        monkeypatch.setattr(world.store, "relation", asking)


async def test_two_hundred_views_of_a_big_list_are_told_of_a_shuffle_by_one_comparison(
    world: World, ann: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id = await a_big_list(ann)
    views = [user.watch(playlist_id) for user in (ann, ben) for _ in range(100)]
    firsts = await asyncio.gather(*(view.read() for view in views))
    assert {one.update.playlist.track_count for one in firsts} == {ENTRIES}
    spy = Spy(world, monkeypatch)

    await shuffled(ann, playlist_id)
    told = await asyncio.gather(*(view.read() for view in views))

    assert {(one.update.reload, len(one.update.changes)) for one in told} == {(True, 0)}
    assert {len(one.update.snapshots) for one in told} == {1}
    assert (spy.compared, spy.snapshots_read) == (1, 1)
    assert 0 < spy.at_once <= 4

    await ann.update(playlist_id, title="New")
    after = await asyncio.gather(*(view.read() for view in views))
    renamed = {(one.update.reload, one.update.changes[0].new_text) for one in after}
    assert renamed == {(False, "New")}
    assert (spy.compared, spy.snapshots_read) == (2, 2)


async def test_views_that_have_to_look_for_themselves_read_the_playlist_once(
    ann: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id = await ann.made("a")
    views = [ann.watch(playlist_id) for _ in range(20)]
    await asyncio.gather(*(view.read() for view in views))
    read = 0
    head = world.store.head

    async def reading(playlist_id: str) -> Head | None:
        nonlocal read
        read += 1
        found = await head(playlist_id)
        return found and replace(found, version=found.version + 1, title="Missed")

    monkeypatch.setattr(world.store, "head", reading)
    world.store.feed.start_epoch()
    told = await asyncio.gather(*(view.read() for view in views))
    assert {one.update.playlist.title for one in told} == {"Missed"}
    assert read == 1


async def test_a_view_whose_store_fails_ends_with_the_reason(
    ann: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id = await ann.made("a")
    view = ann.watch(playlist_id)
    first = await view.read()

    async def away(*_: object) -> list[Snapshot]:
        raise Unavailable("away")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(world.store, "snapshots_between", away)
        await ann.add(playlist_id, "b")
        last = await view.read()
    assert (last.end.reason, last.resume_token) == (StreamEnd.UNAVAILABLE, first.resume_token)
    assert last.end.HasField("reconnect_after")
    assert await view.read() is None

    again = await ann.watch(playlist_id, last.resume_token).read()
    assert [one.track.title for one in again.update.changes] == ["b"]


async def test_a_view_that_cannot_begin_is_refused_by_its_status(
    ann: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id = await ann.made("a")

    async def away(_: str) -> Head | None:
        raise Unavailable("away")

    monkeypatch.setattr(world.store, "head", away)
    assert (await refused(ann.watch(playlist_id).read())).code == "UNAVAILABLE"


async def test_one_view_too_many_of_a_user_is_refused_until_another_is_closed(
    ann: User, ben: User
) -> None:
    playlist_id = await ann.made("a", public=True)
    views = [ann.watch(playlist_id) for _ in range(MOST_VIEWS)]
    await asyncio.gather(*(view.read() for view in views))

    fault = await refused(ann.watch(playlist_id).read())

    assert isinstance(fault, ResourceExhausted)
    assert (fault.reason, fault.metadata) == ("LIMIT_REACHED", {"limit": "streams_per_user"})
    assert fault.retry_after_s
    assert (await ben.watch(playlist_id).read()).update.playlist.track_count == 1
    views[0].call.cancel()
    async with asyncio.timeout(15):
        while not await begins(ann, playlist_id):
            await asyncio.sleep(0)


async def begins(user: User, playlist_id: str) -> bool:
    try:
        return bool(await user.watch(playlist_id).read())
    except ResourceExhausted:
        return False
