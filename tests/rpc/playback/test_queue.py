"""The queue of the user, and shuffle and repeat, over the wire."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from segue.playback.v1 import playback_pb2
from segue.playback.v1.play_source_pb2 import ContextRef, PlayOrigin

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import BLINK_MS, Music, advance, run_out, upcoming
from tests.rpc.playback.test_playback_races import rows

PLAYBACK = playback_pb2.Playback


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def play(user: User, **fields: Any) -> Any:
    return await user.play(**{"track_id": "", **fields})


async def skip(user: User) -> Any:
    return await user.call("Skip", device_id="kitchen")


async def add(user: User, *track_ids: str, **fields: Any) -> list[str]:
    """The ids of the new entries."""
    answer = await user.call("AddToQueue", track_ids=track_ids, **fields)
    return list(answer.item_ids)


async def queued(user: User) -> list[str]:
    """The ids of the queue's entries."""
    ahead = await user.call("GetQueue", page_size=500)
    return [one.item_id for one in ahead.entries if one.kind == playback_pb2.QueueEntry.QUEUED]


async def test_what_plays_and_what_waits_can_be_drawn(
    user: User, music: Music, world: World
) -> None:
    one, two, three = music.tracks(3)
    for track_id in (one, two, three):
        known = world.catalogue.known[track_id]
        cover = {"album_id": new_id(), "artwork_path": f"/media/v1/artwork/{track_id.lower()}"}
        drawn = replace(known.track, artist_id=new_id(), **cover)
        world.catalogue.known[track_id] = replace(known, track=drawn)
    answer = await play(user, track_ids=[one, two])
    await add(user, three)
    waiting = (await user.call("GetQueue")).entries
    shown = [answer.track, (await user.state()).track, *(one.track for one in waiting)]
    for track, track_id in zip(shown, (one, one, three, two), strict=True):
        known = world.catalogue.known[track_id].track
        assert (track.id, track.title, track.artist) == (track_id, known.title, known.artist)
        assert (track.artist_id, track.album_id) == (known.artist_id, known.album_id)
        assert (track.album, track.artwork_path) == (known.album, known.artwork_path)
        assert (track.duration_ms, track.duration) == (known.duration_ms, known.duration_ms / 1000)


async def test_the_queue_plays_before_the_context_goes_on(user: User, music: Music) -> None:
    context, (one, two, three) = music.tracks(3, BLINK_MS), music.tracks(3, BLINK_MS)
    await play(user, track_ids=context)
    first, second = await add(user, one, two)
    (third,) = await add(user, three, next=True)
    assert await queued(user) == [third, first, second]
    assert await upcoming(user) == [three, one, two, *context[1:]]
    ahead = await user.call("GetQueue")
    assert (ahead.total_count, ahead.playback.queue_count) == (5, 3)
    assert [entry.track.title for entry in ahead.entries][:1] == [f"Song {three}"]
    heard = [(await advance(user, await run_out(user))).track.id for _ in range(5)]
    assert heard == [three, one, two, *context[1:]]


async def test_what_plays_from_the_queue_says_so(user: User, music: Music) -> None:
    await play(user, track_ids=music.tracks(2))
    (item,) = await add(user, music.track())
    await skip(user)
    state = await user.state()
    assert (state.item_id, state.queue_count, state.context.played_count) == (item, 0, 1)


async def test_a_queue_outlasts_contexts_and_sessions(user: User, music: Music) -> None:
    (track_id,) = music.tracks(1)
    playback_id = (await play(user, track_ids=music.tracks(2))).playback_id
    items = await add(user, track_id, track_id)
    await play(user, track_ids=music.tracks(2))
    assert await queued(user) == items
    await user.call("Stop", playback_id=(await user.state()).playback_id)
    items += await add(user, track_id)
    await play(user, track_id=music.track())
    assert await queued(user) == items
    assert (await skip(user)).playback_id != playback_id
    assert await queued(user) == items[1:]


async def test_an_edit_of_a_queue_does_not_change_when_a_session_ended(
    user: User, music: Music, world: World
) -> None:
    await play(user, track_ids=music.tracks(2))
    await user.call("Stop", playback_id=(await user.state()).playback_id)
    asked = "SELECT ended_at, ended_by, position_ms FROM sessions WHERE user_id = %s"
    before = await rows(world, asked, user.user_id)
    await add(user, music.track())
    state = await user.state()
    assert (state.status, state.revision, state.queue_count) == (PLAYBACK.STOPPED, 3, 1)
    assert await rows(world, asked, user.user_id) == before
    await user.play(track_id=music.track())
    assert before[0] in await rows(world, asked, user.user_id)


async def test_a_queue_is_replaced_and_emptied(user: User, music: Music) -> None:
    await play(user, track_ids=music.tracks(1))
    one, two = music.tracks(2)
    old = await add(user, one)
    answer = await user.call("EditQueue", track_ids=[two, one, two])
    assert len({*answer.item_ids, *old}) == 4
    assert await queued(user) == answer.item_ids
    assert await upcoming(user) == [two, one, two]
    assert not (await user.call("EditQueue")).item_ids
    assert (await user.call("GetQueue")).total_count == 0


async def test_a_queue_holds_five_hundred(user: User, music: Music) -> None:
    await play(user, track_ids=music.tracks(1))
    (track_id,) = music.tracks(1)
    await add(user, *[track_id] * 499)
    for fields in ({"next": True}, {}):
        fault = await refused(add(user, track_id, track_id, **fields))
        assert isinstance(fault, FailedPrecondition)
        assert (fault.reason, fault.metadata) == ("QUEUE_FULL", {"limit": "500"})
    await add(user, track_id)
    items = await queued(user)
    assert len({*items}) == 500
    assert (await refused(add(user, track_id))).reason == "QUEUE_FULL"
    for method in ("AddToQueue", "EditQueue"):
        call = user.call(method, track_ids=[track_id] * 501)
        assert isinstance(await refused(call), InvalidArgument)
    moved = await user.call("MoveInQueue", item_ids=items[::-1])
    assert moved.item_ids == items[::-1]
    assert (await user.call("RemoveFromQueue", item_ids=items)).removed_count == 500


async def test_entries_are_removed_once_and_strange_ones_passed_over(
    user: User, music: Music
) -> None:
    await play(user, track_ids=music.tracks(1))
    items = await add(user, *music.tracks(4))
    gone = [items[1], new_id(), items[3], items[1]]
    answer = await user.call("RemoveFromQueue", item_ids=gone)
    assert answer.removed_count == 2
    assert await queued(user) == [items[0], items[2]]
    again = await user.call("RemoveFromQueue", item_ids=gone)
    assert (again.removed_count, again.revision) == (0, answer.revision)


async def test_entries_are_moved_in_the_given_order(user: User, music: Music) -> None:
    await play(user, track_ids=music.tracks(1))
    a, b, c, d = await add(user, *music.tracks(4))
    for moving, before, expected in [
        ([d, a], b, [d, a, b, c]),
        ([d], "", [a, b, c, d]),
        ([c, b], a, [c, b, a, d]),
        ([c, c], "", [b, a, d, c]),
    ]:
        answer = await user.call("MoveInQueue", item_ids=moving, before_item_id=before)
        assert answer.item_ids == expected
        assert await queued(user) == expected
    for moving, before, kind in [
        ([new_id()], "", NotFound),
        ([a], new_id(), NotFound),
        ([a, b], b, InvalidArgument),
        ([], a, InvalidArgument),
    ]:
        call = user.call("MoveInQueue", item_ids=moving, before_item_id=before)
        assert isinstance(await refused(call), kind)
    assert await queued(user) == [b, a, d, c]


async def test_a_user_who_never_played_has_no_queue(user: User, music: Music) -> None:
    track_id = music.track()
    ahead = await user.call("GetQueue")
    assert not ahead.HasField("playback")
    assert (len(ahead.entries), ahead.total_count) == (0, 0)
    for call in (
        add(user, track_id),
        user.call("EditQueue", track_ids=[track_id]),
        user.call("RemoveFromQueue", item_ids=[track_id]),
        user.call("MoveInQueue", item_ids=[track_id]),
        user.call("SetShuffle", shuffle=True),
        user.call("SetRepeat", repeat=PLAYBACK.TRACK),
    ):
        assert (await refused(call)).reason == "SESSION_NOT_CURRENT"


async def test_unknown_tracks_are_not_queued(user: User, music: Music, world: World) -> None:
    await play(user, track_ids=music.tracks(1))
    known, unknown = music.track(), new_id()
    for call in (add(user, known, unknown), user.call("EditQueue", track_ids=[known, unknown])):
        fault = await refused(call)
        assert isinstance(fault, NotFound)
        assert fault.metadata == {"resource": "track", "id": unknown}
    world.catalogue.away = True
    assert isinstance(await refused(add(user, known)), Unavailable)
    assert not (await user.call("EditQueue")).item_ids
    assert (await user.state()).revision == 1


async def test_a_retry_adds_once_whatever_became_of_the_tracks(
    user: User, music: Music, world: World
) -> None:
    await play(user, track_ids=music.tracks(1))
    track_id = music.track()
    for method in ("AddToQueue", "EditQueue"):
        asked = {"track_ids": [track_id], "request_id": "r1"}
        answer = await user.call(method, **asked)
        world.catalogue.away = True
        assert await user.call(method, **asked) == answer
        world.catalogue.away = False
    assert await queued(user) == answer.item_ids


async def test_without_the_catalogue_what_comes_is_told_by_ids(
    user: User, music: Music, world: World
) -> None:
    track_ids = music.tracks(3)
    await play(user, track_ids=track_ids)
    world.catalogue.away = True
    ahead = await user.call("GetQueue")
    assert [(one.track.id, one.track.title) for one in ahead.entries] == [
        (track_id, "") for track_id in track_ids[1:]
    ]


@pytest.mark.parametrize("fields", [{"offset": -1}, {"page_size": -1}])
async def test_a_page_that_cannot_be_is_refused(user: User, fields: dict[str, int]) -> None:
    assert isinstance(await refused(user.call("GetQueue", **fields)), InvalidArgument)


async def test_what_comes_is_told_by_pages(user: User, music: Music) -> None:
    context, track_ids = music.tracks(6), music.tracks(4)
    await play(user, track_ids=context)
    await add(user, *track_ids)
    every = [*track_ids, *context[1:]]
    for size in (1, 3, 4, 20):
        pages = [await upcoming(user, offset=at, page_size=size) for at in range(0, 12, size)]
        assert [one for page in pages for one in page] == every


async def test_nothing_that_many_add_at_once_is_lost(world: World, music: Music) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [one.user(user_id), two.user(user_id)]
        await play(users[0], track_ids=music.tracks(2))
        track_ids = music.tracks(6)
        added = await asyncio.gather(
            *(add(users[n % 2], name, request_id=name) for n, name in enumerate(track_ids))
        )
        items = [item for each in added for item in each]
        assert sorted(await queued(users[0])) == sorted(items)
        assert sorted((await upcoming(users[1]))[:6]) == sorted(track_ids)


async def test_shuffle_keeps_what_plays_and_loses_nothing(user: User, music: Music) -> None:
    track_ids = music.tracks(20)
    begun = await play(user, track_ids=track_ids, track_id=track_ids[5], position_ms=30_000)
    await add(user, waiting := music.track())
    answer = await user.call("SetShuffle", shuffle=True, request_id="r1")
    assert (answer.shuffle, answer.revision) == (True, 3)
    assert await user.call("SetShuffle", shuffle=True, request_id="r1") == answer
    assert (await user.call("SetShuffle", shuffle=True)).revision == 3
    state = await user.state()
    assert (state.track.id, state.play_id) == (track_ids[5], begun.play_id)
    assert state.position_ms >= 30_000
    coming = await upcoming(user)
    assert coming[0] == waiting
    assert sorted(coming[1:]) == sorted({*track_ids} - {track_ids[5]})
    assert coming[1:] != track_ids[6:] + track_ids[:5]
    await skip(user)
    following = (await skip(user)).track.id
    assert following == coming[1]
    assert not (await user.call("SetShuffle", shuffle=False)).shuffle
    assert (await user.state()).track.id == following
    assert await upcoming(user) == track_ids[track_ids.index(following) + 1 :]


async def test_repeat_is_set_and_told(instance: Instance, user: User, music: Music) -> None:
    track_ids = music.tracks(3)
    await play(user, track_ids=track_ids, track_id=track_ids[2])
    assert await upcoming(user) == []
    answer = await user.call("SetRepeat", repeat=PLAYBACK.CONTEXT)
    assert (answer.repeat, answer.revision) == (PLAYBACK.CONTEXT, 2)
    assert (await user.call("SetRepeat", repeat=PLAYBACK.CONTEXT)).revision == 2
    assert await upcoming(user) == track_ids
    assert (await skip(user)).track.id == track_ids[0]
    for wrong in (PLAYBACK.REPEAT_UNSPECIFIED, 99):
        assert isinstance(await refused(user.call("SetRepeat", repeat=wrong)), InvalidArgument)
    assert (await user.state()).repeat == PLAYBACK.CONTEXT


def from_album(**fields: str) -> PlayOrigin:
    return PlayOrigin(context=ContextRef(kind=ContextRef.ALBUM, id=new_id()), **fields)


async def origins(user: User) -> list[PlayOrigin]:
    return [entry.origin for entry in (await user.call("GetQueue")).entries]


async def test_what_is_queued_tells_where_it_came_from_until_it_was_heard(
    user: User, music: Music
) -> None:
    album, shown = from_album(shown_id=new_id()), PlayOrigin(shown_id=new_id())
    await play(user, track_ids=music.tracks(1))
    await add(user, music.track(), music.track(), origin=album)
    await add(user, music.track(), origin=shown, next=True)
    await add(user, music.track())
    assert await origins(user) == [shown, album, album, PlayOrigin()]
    waiting = (await user.call("GetQueue")).entries
    assert [entry.HasField("origin") for entry in waiting] == [True, True, True, False]
    for origin in (shown, album):
        await skip(user)
        assert (await user.state()).origin == origin
    items = [entry.item_id for entry in (await user.call("GetQueue")).entries]
    await user.call("MoveInQueue", item_ids=[items[1]], before_item_id=items[0])
    assert await origins(user) == [PlayOrigin(), album]
    await user.call("EditQueue", track_ids=music.tracks(2), origin=shown)
    assert await origins(user) == [shown, shown]


async def test_a_device_that_is_told_to_queue_is_told_from_where(user: User, music: Music) -> None:
    album = from_album()
    await user.register("kitchen")
    await play(user, track_ids=music.tracks(1))
    await user.order(enqueue={"track_ids": [music.track()], "origin": album})
    assert await origins(user) == [album]
    command = (await user.order(skip={})).command
    assert command.target.origin == album


@pytest.mark.parametrize(
    ("origin", "field"),
    [
        ({"context": {"kind": ContextRef.ALBUM}}, "context.id"),
        ({"context": {"kind": ContextRef.PLAYLIST, "id": "x"}}, "context.id"),
        ({"context": {"kind": ContextRef.TRACKS, "id": new_id()}}, "context.id"),
        ({"context": {"id": new_id()}}, "context.kind"),
        ({"context": {"kind": 99, "id": new_id()}}, "context.kind"),
        ({"shown_id": "x"}, "shown_id"),
    ],
)
async def test_half_an_origin_is_refused_by_its_field(
    user: User, music: Music, origin: dict[str, Any], field: str
) -> None:
    track_id = music.track()
    await user.register("kitchen")
    await play(user, track_ids=music.tracks(1))
    for call, prefix in (
        (add(user, track_id, origin=origin), ""),
        (user.call("EditQueue", track_ids=[track_id], origin=origin), ""),
        (user.order(enqueue={"track_ids": [track_id], "origin": origin}), "enqueue."),
    ):
        fault = await refused(call)
        assert isinstance(fault, InvalidArgument)
        assert fault.violations[0].field == f"{prefix}origin.{field}"
    await add(user, track_id, origin={"context": {"kind": ContextRef.TRACKS}})
