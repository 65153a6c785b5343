"""Advance and Previous: what plays after a track's end, and what played before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from segue.playback.v1 import playback_pb2

from meshkit.faults import FailedPrecondition, NotFound, Unavailable
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import BLINK_MS, Music, advance, away, interrupted, run_out

PLAYBACK = playback_pb2.Playback
FINISHED = playback_pb2.SessionEnd.FINISHED


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def play(user: User, **fields: Any) -> Any:
    return await user.play(**{"track_id": "", **fields})


async def skip(user: User, **fields: Any) -> Any:
    return await user.call("Skip", **{"device_id": "kitchen", **fields})


async def previous(user: User, **fields: Any) -> Any:
    state = await user.state()
    return await user.call("Previous", **{"playback_id": state.playback_id, **fields})


async def used(instance: Instance, user: User) -> int:
    return (await instance.parts.skips.read(user.user_id)).used


async def test_tracks_that_end_follow_each_other_and_cost_nothing(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(5, BLINK_MS)
    begun = await play(user, track_ids=track_ids)
    plays = {begun.play_id}
    for number, track_id in enumerate(track_ids[1:], 2):
        answer = await advance(user, await run_out(user))
        assert (answer.playback_id, answer.track.id) == (begun.playback_id, track_id)
        assert (answer.epoch, answer.revision, answer.position_ms) == (1, number, 0)
        assert answer.stream_url.endswith("/master.m3u8")
        assert not answer.ended
        plays.add(answer.play_id)
    assert len(plays) == 5
    assert await used(instance, user) == 0


async def test_after_everything_the_session_is_finished_and_stays_so(
    user: User, music: Music
) -> None:
    await play(user, track_ids=music.tracks(1, BLINK_MS))
    state = await run_out(user)
    answer = await advance(user, state, request_id="r1")
    assert answer.ended
    assert (answer.playback_id, answer.epoch, answer.revision) == (state.playback_id, 1, 2)
    assert not answer.stream_url
    assert await advance(user, state, request_id="r1") == answer
    assert await advance(user, state) == answer
    state = await user.state()
    assert (state.status, state.ended_by, state.revision) == (PLAYBACK.STOPPED, FINISHED, 2)
    for refusing in (skip(user), previous(user), user.call("SetShuffle", shuffle=True)):
        fault = await refused(refusing)
        assert (fault.reason, fault.metadata) == ("SESSION_NOT_CURRENT", {"ended_by": "FINISHED"})
    await play(user, track_ids=music.tracks(1))
    fault = await refused(advance(user, answer, play_id=state.play_id))
    assert fault.metadata == {"ended_by": "FINISHED"}


async def test_a_track_that_has_not_ended_is_not_left(user: User, music: Music) -> None:
    await play(user, track_ids=music.tracks(2), position_ms=170_000)
    fault = await refused(advance(user, await user.state()))
    assert isinstance(fault, FailedPrecondition)
    assert fault.reason == "TRACK_NOT_ENDED"
    assert fault.metadata["duration_ms"] == "180000"
    assert 170_000 <= int(fault.metadata["position_ms"]) < 175_000
    assert (await user.state()).revision == 1


async def test_the_end_of_another_play_changes_nothing(user: User, music: Music) -> None:
    track_ids = music.tracks(3)
    begun = await play(user, track_ids=track_ids)
    skipped = await skip(user)
    answer = await advance(user, begun, request_id="r1")
    assert (answer.track.id, answer.revision) == (track_ids[1], skipped.revision)
    assert (answer.play_id, answer.ended) == (skipped.play_id, False)
    assert answer.stream_url.endswith("/master.m3u8")
    assert (await user.state()).revision == 2
    await skip(user)
    assert await advance(user, begun, request_id="r1") == answer


async def test_an_end_in_a_session_that_is_over_says_what_ended_it(
    instance: Instance, user: User, music: Music
) -> None:
    begun = await play(user, track_ids=music.tracks(2))
    await skip(user)
    await user.call("Stop", playback_id=begun.playback_id)
    for play_id in (begun.play_id, (await user.state()).play_id):
        fault = await refused(advance(user, begun, play_id=play_id))
        assert (fault.reason, fault.metadata) == ("SESSION_NOT_CURRENT", {"ended_by": "STOPPED"})
    await play(user, track_ids=music.tracks(2))
    fault = await refused(advance(user, begun))
    assert fault.metadata == {"ended_by": "STOPPED"}
    assert isinstance(await refused(advance(instance.user(), begun)), NotFound)


async def test_a_skip_that_comes_before_the_end_is_the_one_move(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(4, BLINK_MS)
    await play(user, track_ids=track_ids)
    state = await run_out(user)
    with interrupted(instance.parts.store) as writes:
        writes.before = lambda: skip(user)
        answer = await advance(user, state)
    assert (answer.track.id, answer.revision) == (track_ids[1], 2)
    assert (await user.state()).track.id == track_ids[1]


async def test_one_end_told_many_times_moves_once(world: World, music: Music) -> None:
    track_ids = music.tracks(4, BLINK_MS)
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [one.user(user_id), two.user(user_id)]
        await play(users[0], track_ids=track_ids)
        state = await run_out(users[0])
        answers = await asyncio.gather(*(advance(users[n % 2], state) for n in range(20)))
        assert {one.track.id for one in answers} == {track_ids[1]}
        assert {one.revision for one in answers} == {2}
        assert len({one.play_id for one in answers}) == 1


async def test_a_repeated_track_comes_again_but_is_skipped(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(2, BLINK_MS)
    begun = await play(user, track_ids=track_ids, repeat=PLAYBACK.TRACK)
    again = await advance(user, await run_out(user))
    assert (again.track.id, again.revision, again.position_ms) == (track_ids[0], 2, 0)
    assert again.play_id != begun.play_id
    await user.call("Seek", playback_id=begun.playback_id, position_ms=BLINK_MS)
    assert (await advance(user, again)).track.id == track_ids[0]
    assert await used(instance, user) == 0
    assert (await skip(user)).track.id == track_ids[1]
    assert (await refused(skip(user))).reason == "QUEUE_ENDED"


async def test_a_repeated_context_goes_around(user: User, music: Music) -> None:
    track_ids = music.tracks(2, BLINK_MS)
    await play(user, track_ids=track_ids, repeat=PLAYBACK.CONTEXT)
    heard = [(await advance(user, await run_out(user))).track.id for _ in range(4)]
    assert heard == [track_ids[1], track_ids[0]] * 2


async def test_every_turn_of_a_shuffled_context_has_all_that_can_be_played(
    instance: Instance, music: Music
) -> None:
    user = instance.user(tier="premium")
    known = music.tracks(3)
    answer = await play(
        user,
        track_ids=[*known, *(new_id() for _ in range(8))],
        shuffle=True,
        repeat=PLAYBACK.CONTEXT,
    )
    heard = [answer.track.id] + [(await skip(user)).track.id for _ in range(35)]
    turns = [heard[at : at + 3] for at in range(0, len(heard), 3)]
    assert [sorted(turn) for turn in turns] == [known] * 12


async def test_what_cannot_be_played_is_passed_over(
    user: User, music: Music, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, last, playable = music.track(BLINK_MS), music.track(BLINK_MS), world.catalogue.playable

    async def undecodable(track_id: str) -> Any:
        if track_id == broken:
            raise FailedPrecondition("It is no audio.", reason="AUDIO_UNDECODABLE")
        return await playable(track_id)

    monkeypatch.setattr(world.catalogue, "playable", undecodable)
    first = music.track(BLINK_MS)
    track_ids = [first, new_id(), music.track(premium=True), broken, last, new_id(), broken]
    await play(user, track_ids=track_ids)
    assert (await advance(user, await run_out(user))).track.id == last
    assert (await user.state()).context.played_count == 5
    assert (await refused(skip(user))).reason == "QUEUE_ENDED"
    assert (await advance(user, await run_out(user))).ended


async def test_many_that_cannot_be_played_end_nothing(user: User, music: Music) -> None:
    await play(user, track_ids=[music.track(BLINK_MS), *(new_id() for _ in range(25))])
    state = await run_out(user)
    assert isinstance(await refused(advance(user, state)), NotFound)
    assert isinstance(await refused(skip(user)), NotFound)
    assert (await user.state()).revision == 1


async def test_without_the_catalogue_nothing_moves(
    instance: Instance, user: User, music: Music, world: World
) -> None:
    await play(user, track_ids=music.tracks(2, BLINK_MS))
    state = await run_out(user)
    world.catalogue.away = True
    for call in (advance(user, state), skip(user), previous(user)):
        assert isinstance(await refused(call), Unavailable)
    assert (await user.state()).revision == 1
    assert await used(instance, user) == 0


async def test_previous_begins_the_track_again_or_goes_back(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(3)
    begun = await play(user, track_ids=track_ids)
    first = await previous(user)
    assert (first.track.id, first.position_ms, first.revision) == (track_ids[0], 0, 2)
    assert first.play_id != begun.play_id
    await skip(user)
    await skip(user)
    assert (await previous(user)).track.id == track_ids[1]
    await user.call("Seek", playback_id=begun.playback_id, position_ms=3_001)
    again = await previous(user)
    assert (again.track.id, again.position_ms) == (track_ids[1], 0)
    assert (await previous(user)).track.id == track_ids[0]
    assert await used(instance, user) == 2


async def test_previous_plays_a_held_session_and_is_answered_once(user: User, music: Music) -> None:
    begun = await play(user, track_ids=music.tracks(2))
    await user.call("Pause", playback_id=begun.playback_id)
    answer = await previous(user, request_id="r1")
    assert (await user.state()).status == PLAYBACK.PLAYING
    assert await previous(user, request_id="r1") == answer
    assert (await user.state()).revision == answer.revision == 3


async def test_previous_goes_back_from_the_queue_to_the_context(user: User, music: Music) -> None:
    track_ids, queued = music.tracks(3), music.track()
    await play(user, track_ids=track_ids, track_id=track_ids[1])
    await user.call("AddToQueue", track_ids=[queued])
    assert (await skip(user)).track.id == queued
    assert (await previous(user)).track.id == track_ids[1]
    assert (await skip(user)).track.id == track_ids[2]


async def test_previous_goes_around_a_repeated_context(user: User, music: Music) -> None:
    track_ids = music.tracks(3)
    await play(user, track_ids=track_ids, repeat=PLAYBACK.CONTEXT)
    assert (await previous(user)).track.id == track_ids[2]


async def test_previous_stays_where_nothing_before_can_be_played(user: User, music: Music) -> None:
    known = music.track()
    await play(user, track_ids=[new_id(), known])
    assert (await previous(user)).track.id == known
    await play(user, track_id=known)
    assert (await previous(user)).track.id == known
    other = await refused(previous(user, playback_id=new_id()))
    assert isinstance(other, NotFound)


async def test_a_move_that_was_cut_is_done_once_by_its_retry(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(3, BLINK_MS)
    await play(user, track_ids=track_ids)
    state = await run_out(user)
    for writes_first in (True, False):
        with interrupted(instance.parts.store) as writes:
            writes.fault, writes.writes_first = away(), writes_first
            request_id = f"r{writes_first}"
            await refused(advance(user, state, request_id=request_id))
            answer = await advance(user, state, request_id=request_id)
        state = await run_out(user)
        assert answer.revision == state.revision
    assert (state.track.id, state.revision) == (track_ids[2], 3)


async def test_beats_after_a_skip_are_of_the_new_track(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = [music.track(180_000), music.track(60_000), music.track(180_000)]
    playback_id = (await play(user, track_ids=track_ids)).playback_id
    await user.report(playback_id, seq=1, position_ms=170_000)
    await instance.heartbeats.flush()
    assert (await skip(user)).revision == 2
    assert (await user.state()).position_ms < 60_000
    await user.report(playback_id, seq=2, revision=1, position_ms=55_000)
    await instance.heartbeats.flush()
    state = await user.state()
    assert state.position_ms < 50_000, "a beat of the track before moves nothing"
    await user.report(playback_id, seq=3, revision=2, position_ms=100_000)
    await instance.heartbeats.flush()
    assert (await user.state()).position_ms == 60_000
    assert (await skip(user)).position_ms == 0
    assert (await user.state()).position_ms < 50_000
