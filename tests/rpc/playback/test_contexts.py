"""Playing from playlists, albums, artists and lists of tracks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from segue.playback.v1 import play_source_pb2, playback_pb2

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from meshkit.testing import stores
from playback_svc.domain.listing import Listing
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import Music, away, upcoming

KIND = play_source_pb2.ContextRef
ORIGIN = play_source_pb2.PlayOrigin
ID = new_id()
SMALL = 4_096


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def play(user: User, **fields: Any) -> Any:
    return await user.play(**{"track_id": "", **fields})


async def bodies(world: World, user: User) -> int:
    """How many bodies are kept for a user."""
    async with (
        stores.open_pool(world.dsn, schema=SCHEMA.name) as pool,
        pool.connection() as connection,
    ):
        asked = "SELECT count(*) FROM blobs WHERE user_id = %s"
        found = await (await connection.execute(asked, (user.user_id,))).fetchone()
        assert found is not None
        return int(found[0])


async def test_a_playlist_plays_from_its_first_track(user: User, music: Music) -> None:
    track_ids = music.tracks(4)
    playlist_id, items = music.playlist(track_ids)
    answer = await play(user, playlist_id=playlist_id)
    assert answer.track.id == track_ids[0]
    state = await user.state()
    context = state.context
    assert context.ref == KIND(kind=KIND.PLAYLIST, id=playlist_id)
    assert (context.track_count, context.played_count) == (4, 1)
    assert state.item_id == items[0]
    ahead = await user.call("GetQueue")
    assert [one.item_id for one in ahead.entries] == items[1:]
    assert [one.track.id for one in ahead.entries] == track_ids[1:]
    assert {one.kind for one in ahead.entries} == {playback_pb2.QueueEntry.CONTEXT}
    assert [one.origin.context for one in ahead.entries] == [context.ref] * 3
    assert ahead.total_count == 3


async def test_the_list_that_was_shown_is_told_of_all_that_follows_from_it(
    user: User, music: Music
) -> None:
    track_ids, shown_id = music.tracks(3), new_id()
    album_id = music.album(track_ids)
    await play(user, album_id=album_id, shown_id=shown_id)
    origin = ORIGIN(context=KIND(kind=KIND.ALBUM, id=album_id), shown_id=shown_id)
    await user.call("AddToQueue", track_ids=[music.track()])
    queued, *ahead = (await user.call("GetQueue")).entries
    assert not queued.HasField("origin")
    assert [one.origin for one in ahead] == [origin, origin]
    assert (await user.state()).origin == origin
    await user.call("Skip", device_id="kitchen")
    assert not (await user.state()).HasField("origin")
    await user.call("Skip", device_id="kitchen")
    assert (await user.state()).origin == origin


async def test_a_track_by_itself_has_the_list_that_was_shown_alone(user: User) -> None:
    shown_id = new_id()
    await user.play(shown_id=shown_id)
    assert (await user.state()).origin == ORIGIN(shown_id=shown_id)
    await user.play()
    assert not (await user.state()).HasField("origin")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"track_id": "", "source": {}}, "source.source"),
        ({"source": {"track_id": "x"}}, "source.track_id"),
        ({"source": {"playlist_id": "x"}}, "source.playlist_id"),
        ({"source": {"tracks": {}}}, "source.tracks.track_ids"),
        ({"source": {"tracks": {"track_ids": ["x"]}}}, "source.tracks.track_ids[0]"),
        ({"source": {"album_id": ID, "start_track_id": "x"}}, "source.start_track_id"),
        ({"source": {"album_id": ID, "start_item_id": ID}}, "source.start_item_id"),
        ({"source": {"track_id": ID, "start_track_id": ID}}, "source.start_track_id"),
        ({"source": {"album_id": ID, "shown_id": "x"}}, "source.shown_id"),
        ({"source": {"album_id": ID}, "track_id": ID}, "track_id"),
        ({"source": {"album_id": ID}, "playlist_id": ID}, "playlist_id"),
        ({"source": {"album_id": ID}, "item": ID}, "item"),
        ({"playlist_id": ID, "track_id": ID}, "track_id"),
        ({"track_id": ID, "item": ID}, "item"),
        ({}, "track_id"),
    ],
)
async def test_what_to_play_is_said_once_and_in_full(
    user: User, fields: dict[str, Any], field: str
) -> None:
    fault = await refused(user.call("Play", device_id="kitchen", **fields))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)


async def test_a_device_is_told_what_to_play_by_source_alone(user: User) -> None:
    for play, field in (
        ({}, "play.source"),
        ({"source": {"album_id": "x"}}, "play.source.album_id"),
    ):
        fault = await refused(user.order(play=play))
        assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)


@pytest.mark.parametrize("kind", ["album_id", "artist_id"])
async def test_an_album_and_an_artist_play_from_a_track(
    user: User, music: Music, kind: str
) -> None:
    track_ids = music.tracks(4)
    source_id = music.album(track_ids)
    assert (await play(user, **{kind: source_id})).track.id == track_ids[0]
    answer = await play(user, track_id=track_ids[2], position_ms=9, **{kind: source_id})
    assert (answer.track.id, answer.position_ms) == (track_ids[2], 9)
    context = (await user.state()).context
    assert context.ref.kind == KIND.Kind.Value(kind.removesuffix("_id").upper())
    assert (context.ref.id, context.played_count) == (source_id, 3)
    assert await upcoming(user) == track_ids[3:]


async def test_a_list_plays_with_duplicates_from_a_track(user: User, music: Music) -> None:
    one, two = music.tracks(2)
    answer = await play(user, track_id=two, track_ids=[one, two, one, two])
    assert answer.track.id == two
    context = (await user.state()).context
    assert (context.ref, context.track_count) == (KIND(kind=KIND.TRACKS), 4)
    assert await upcoming(user) == [one, two]


async def test_an_item_says_which_of_equal_tracks(user: User, music: Music) -> None:
    one, two = music.tracks(2)
    playlist_id, items = music.playlist([one, two, one, two])
    answer = await play(user, playlist_id=playlist_id, item=items[2])
    assert answer.track.id == one
    assert await upcoming(user) == [two]
    flat = {"playlist_id": playlist_id, "item": items[3], "device_id": "kitchen"}
    assert (await user.call("Play", **flat)).track.id == two
    assert await upcoming(user) == []


async def test_what_is_not_in_it_is_not_found(user: User, music: Music) -> None:
    track_ids, strange = music.tracks(2), music.track()
    playlist_id, _ = music.playlist(track_ids)
    album_id = music.album(track_ids)
    cases: list[tuple[dict[str, Any], str, str | None]] = [
        ({"playlist_id": new_id()}, "playlist", None),
        ({"album_id": new_id()}, "album", None),
        ({"artist_id": new_id()}, "artist", None),
        ({"album_id": album_id, "track_id": strange}, "track", strange),
        ({"track_ids": track_ids, "track_id": strange}, "track", strange),
        ({"playlist_id": playlist_id, "item": strange}, "item", strange),
    ]
    for fields, resource, name in cases:
        fault = await refused(play(user, **fields))
        assert isinstance(fault, NotFound)
        assert fault.metadata["resource"] == resource
        assert name in (None, fault.metadata["id"])
    assert not (await user.call("GetPlayback")).HasField("playback")


async def test_nothing_plays_from_nothing(user: User, music: Music, world: World) -> None:
    playlist_id, _ = music.playlist([])
    for fields in ({"playlist_id": playlist_id}, {"album_id": music.album([])}):
        for shuffle in (False, True):
            fault = await refused(play(user, shuffle=shuffle, **fields))
            assert isinstance(fault, FailedPrecondition)
            assert fault.reason == "CONTEXT_EMPTY"
    assert (await refused(play(user, track_ids=[new_id(), new_id()]))).reason == "CONTEXT_EMPTY"
    assert await bodies(world, user) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"item": new_id(), "track_id": new_id()},
        {"track_ids": [new_id()] * 10_001},
    ],
)
async def test_what_makes_no_sense_is_refused(user: User, fields: dict[str, Any]) -> None:
    assert isinstance(await refused(play(user, **fields)), InvalidArgument)


async def test_a_shuffled_context_begins_anywhere_or_where_it_was_asked_to(
    user: User, music: Music
) -> None:
    track_ids = music.tracks(40)
    album_id = music.album(track_ids)
    begun = set()
    for _ in range(6):
        begun.add((await play(user, album_id=album_id, shuffle=True)).track.id)
        state = await user.state()
        assert state.shuffle
        coming = await upcoming(user)
        assert sorted([*coming, state.track.id]) == track_ids
        assert coming != track_ids[1:]
    assert len(begun) > 1
    answer = await play(user, album_id=album_id, track_id=track_ids[7])
    assert (await user.state()).shuffle, "as before, where nothing is said"
    assert answer.track.id == track_ids[7]
    assert sorted(await upcoming(user)) == sorted({*track_ids} - {track_ids[7]})
    await play(user, album_id=album_id, shuffle=False)
    assert await upcoming(user) == track_ids[1:]


async def test_shuffle_and_repeat_last_over_sessions(user: User, music: Music) -> None:
    track_ids = music.tracks(3)
    repeats = playback_pb2.Playback
    await play(user, track_ids=track_ids, shuffle=True, repeat=repeats.CONTEXT)
    for fields in ({"track_id": track_ids[0]}, {"track_ids": track_ids}):
        await play(user, **fields)
        state = await user.state()
        assert (state.shuffle, state.repeat) == (True, repeats.CONTEXT)
    await play(user, track_ids=track_ids, shuffle=False, repeat=repeats.OFF)
    state = await user.state()
    assert (state.shuffle, state.repeat) == (False, repeats.OFF)


async def test_a_context_is_played_as_it_was_when_it_was_chosen(user: User, music: Music) -> None:
    track_ids = music.tracks(4)
    playlist_id, _ = music.playlist(track_ids)
    await play(user, playlist_id=playlist_id)
    music.world.playlists.lists[playlist_id] = Listing()
    assert await upcoming(user) == track_ids[1:]
    assert (await user.call("Skip", device_id="kitchen")).track.id == track_ids[1]


async def test_ten_thousand_tracks_cost_small_answers(
    user: User, music: Music, world: World
) -> None:
    known, count = music.track(), 10_000
    track_ids = [new_id() for _ in range(count)]
    track_ids[5_000] = known
    for fields in ({"track_ids": track_ids}, {"playlist_id": music.playlist(track_ids)[0]}):
        answer = await play(user, track_id=known, **fields)
        assert answer.ByteSize() < SMALL
        assert (await user.call("GetPlayback")).ByteSize() < SMALL
        ahead = await user.call("GetQueue", offset=10, page_size=20)
        assert ahead.ByteSize() < SMALL
        assert [one.track.id for one in ahead.entries] == track_ids[5_011:5_031]
        assert ahead.total_count == count - 5_001
        assert len((await user.call("GetQueue", page_size=2**31 - 1)).entries) == 500
        last = await user.call("GetQueue", offset=count - 5_002)
        assert [one.track.id for one in last.entries] == track_ids[-1:]
        assert not (await user.call("GetQueue", offset=2**31 - 1)).entries
        shuffled = await play(user, shuffle=True, track_id=known, **fields)
        assert shuffled.track.id == known
        assert (await user.call("GetQueue")).total_count == count - 1
        assert await bodies(world, user) == 2
        await play(user, track_id=known, shuffle=False)
        assert await bodies(world, user) == 0


async def test_bodies_live_as_long_as_a_state_names_them(
    user: User, music: Music, world: World
) -> None:
    track_ids = music.tracks(6)
    await play(user, track_ids=track_ids)
    assert await bodies(world, user) == 1
    for on, kept in [(True, 2), (True, 2), (False, 1), (True, 2)]:
        await user.call("SetShuffle", shuffle=on)
        assert await bodies(world, user) == kept
    await user.call("Skip", device_id="kitchen")
    assert await bodies(world, user) == 2
    await play(user, track_ids=track_ids, shuffle=True)
    assert await bodies(world, user) == 2
    await user.call("Stop", playback_id=(await user.state()).playback_id)
    assert len(await upcoming(user)) == 5


async def test_another_instance_plays_on(world: World, music: Music) -> None:
    track_ids = music.tracks(5)
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        await play(one.user(user_id), track_ids=track_ids)
        assert await upcoming(two.user(user_id)) == track_ids[1:]
        await play(two.user(user_id), track_ids=track_ids[::-1])
        assert await upcoming(one.user(user_id)) == track_ids[-2::-1]


async def test_what_cannot_be_played_is_passed_over_at_the_beginning(
    instance: Instance, user: User, music: Music
) -> None:
    first, premium = music.track(), music.track(premium=True)
    track_ids = [new_id(), premium, first, music.track()]
    assert (await play(user, track_ids=track_ids)).track.id == first
    assert (await user.state()).context.played_count == 3
    fault = await refused(play(user, track_ids=track_ids, track_id=premium))
    assert fault.reason == "PLAN_REQUIRED"
    fault = await refused(play(user, track_ids=track_ids, track_id=track_ids[0]))
    assert isinstance(fault, NotFound)
    other = instance.user(tier="premium")
    assert (await play(other, track_ids=track_ids)).track.id == premium


async def test_the_queue_waits_while_a_context_passes_over_tracks(user: User, music: Music) -> None:
    queued, first = music.tracks(2)
    await play(user, track_id=first)
    await user.call("AddToQueue", track_ids=[queued])
    answer = await play(user, track_ids=[new_id(), new_id(), first])
    assert answer.track.id == first
    assert await upcoming(user) == [queued]


async def test_a_context_gives_up_after_many_tracks_that_cannot_be_played(
    user: User, music: Music
) -> None:
    missing, known = [new_id() for _ in range(25)], music.track()
    assert isinstance(await refused(play(user, track_ids=[*missing, known])), NotFound)
    assert (await play(user, track_ids=[*missing[:19], known])).track.id == known


async def test_a_track_that_is_not_ready_is_waited_for(user: User, music: Music) -> None:
    track_ids = [music.track(rungs=()), music.track()]
    fault = await refused(play(user, track_ids=track_ids))
    assert isinstance(fault, Unavailable)
    assert (fault.reason, fault.retry_after_s) == ("TRACK_NOT_READY", 5)


async def test_without_neighbours_nothing_begins_and_nothing_changes(
    user: User, music: Music, world: World
) -> None:
    track_ids = music.tracks(3)
    playlist_id, _ = music.playlist(track_ids)
    await play(user, track_ids=track_ids)
    before = await user.state()
    world.playlists.away = True
    assert isinstance(await refused(play(user, playlist_id=playlist_id)), Unavailable)
    world.catalogue.away = True
    for fields in ({"album_id": music.album(track_ids)}, {"track_ids": track_ids}):
        assert isinstance(await refused(play(user, **fields)), Unavailable)
    after = await user.state()
    assert (after.playback_id, after.revision) == (before.playback_id, before.revision)


async def test_a_shuffle_does_without_artists(
    user: User, music: Music, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def artists(listing: Listing) -> Any:
        raise away()

    monkeypatch.setattr(world.catalogue, "artists", artists)
    track_ids = music.tracks(9)
    answer = await play(user, track_ids=track_ids, shuffle=True)
    assert sorted([*await upcoming(user), answer.track.id]) == track_ids


async def test_a_retry_is_answered_whatever_became_of_the_source(
    user: User, music: Music, world: World
) -> None:
    playlist_id, _ = music.playlist(music.tracks(3))
    answer = await play(user, playlist_id=playlist_id, request_id="r1", shuffle=True)
    world.playlists.away = world.catalogue.away = True
    assert await play(user, playlist_id=playlist_id, request_id="r1", shuffle=True) == answer
    assert (await user.state()).revision == 1


async def test_plays_from_other_contexts_at_once_leave_one_whole(
    world: World, music: Music
) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id, lists = new_id(), [music.tracks(5) for _ in range(8)]
        users = [one.user(user_id), two.user(user_id)]

        async def play_and_look(number: int) -> None:
            await play(users[number % 2], track_ids=lists[number], shuffle=number % 3 == 0)
            await upcoming(users[(number + 1) % 2])

        await asyncio.gather(*map(play_and_look, range(8)))
        state = await users[0].state()
        (whole,) = [one for one in lists if state.track.id in one]
        assert sorted([state.track.id, *await upcoming(users[1])]) == sorted(whole)
        assert await bodies(world, users[0]) == 1 + state.shuffle
