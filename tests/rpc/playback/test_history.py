"""HistoryService: what a user has listened to, and the plays of all for who learns from them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import grpc
import pytest
from grpc.aio import AioRpcError
from segue.catalog.v1.track_summary_pb2 import TrackSummary
from segue.playback.v1 import history_service_pb2 as pb
from segue.playback.v1 import playback_internal_service_pb2 as internal_pb
from segue.playback.v1.play_source_pb2 import ContextRef
from segue.playback.v1.play_source_pb2 import PlayOrigin as PlayOriginMessage
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub

from meshkit import feeds_postgres, status
from meshkit.faults import InvalidArgument, OutOfRange, PermissionDenied
from meshkit.testing import stores
from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.domain.plays import Outcome, PlayRecord
from playback_svc.ports.player_states import Change
from playback_svc.schema import SCHEMA
from tests.contracts.playback.plays_suite import a_play
from tests.contracts.playback.samples import NOW, PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused


async def entered(instance: Instance, user: User, *plays: PlayRecord) -> None:
    """Plays as commands enter them."""
    for play in plays:
        assert await instance.parts.store.commit(Change(user.user_id, (play,)), NOW)


async def history(user: User, **fields: Any) -> pb.ListHistoryResponse:
    return await user._sent(  # type: ignore[no-any-return]
        user.history.ListHistory, pb.ListHistoryRequest(**fields)
    )


def ids(answer: pb.ListHistoryResponse) -> list[str]:
    return [entry.play.play_id for entry in answer.entries]


class Watching:
    """WatchPlays as another service opens it."""

    def __init__(self, instance: Instance, token: str = "", caller: str = "catalog") -> None:
        stub: Any = HistoryInternalServiceStub(instance.mesh.channel(caller, serves_as="playback"))
        self.call = stub.WatchPlays(internal_pb.WatchPlaysRequest(resume_token=token))
        self.token = token

    async def play(self) -> internal_pb.WatchPlaysResponse:
        """The next message with a play."""
        while True:
            try:
                message = await asyncio.wait_for(self.call.read(), 15)
            except AioRpcError as error:
                raise status.fault_of(error) from error
            assert message is not grpc.aio.EOF
            assert message.resume_token
            self.token = message.resume_token
            if message.HasField("play"):
                return message  # type: ignore[no-any-return]


async def test_who_heard_nothing_has_an_empty_history(user: User) -> None:
    assert await history(user) == pb.ListHistoryResponse()


async def test_a_play_is_told_whole_with_its_track(instance: Instance, user: User) -> None:
    album_id = new_id()
    play = a_play(
        origin=PlayOrigin(ContextKind.ALBUM, album_id, new_id()),
        private=True,
        outcome=Outcome.COMPLETED,
    )
    await entered(instance, user, play)
    (entry,) = (await history(user)).entries
    assert entry.play.play_id == play.play_id
    assert entry.play.playback_id == play.session_id
    assert entry.play.started_at.ToMilliseconds() == play.started_at_ms
    assert entry.play.ended_at.ToMilliseconds() == play.ended_at_ms
    assert (entry.play.heard_ms, entry.play.counted) == (60_000, True)
    assert entry.play.outcome == pb.Play.COMPLETED
    assert entry.play.private_session
    assert entry.play.origin.context == ContextRef(kind=ContextRef.ALBUM, id=album_id)
    assert entry.play.origin.shown_id == play.origin.shown_id
    assert (entry.track.id, entry.track.title) == (TRACK.track_id, TRACK.title)


async def test_history_is_paged_and_distinct_shows_each_track_once(
    instance: Instance, user: User
) -> None:
    other = new_id()
    plays = sorted((a_play() for _ in range(5)), key=lambda play: play.play_id)
    plays[1] = replace(plays[1], track_id=other)
    await entered(instance, user, *plays)
    await entered(instance, instance.user(), a_play())
    first = await history(user, page_size=3)
    second = await history(user, page_size=3, page_token=first.next_page_token)
    assert ids(first) + ids(second) == [play.play_id for play in plays[::-1]]
    assert not second.next_page_token
    distinct = await history(user, distinct=True, page_size=1)
    rest = await history(user, distinct=True, page_size=1, page_token=distinct.next_page_token)
    assert ids(distinct) + ids(rest) == [plays[4].play_id, plays[1].play_id]
    assert rest.entries[0].track == TrackSummary(id=other)
    assert not rest.next_page_token


@pytest.mark.parametrize("size", [-1, -500])
async def test_a_negative_page_is_refused(user: User, size: int) -> None:
    assert isinstance(await refused(history(user, page_size=size)), InvalidArgument)


async def test_a_token_that_was_not_made_for_this_list_is_refused(
    instance: Instance, user: User
) -> None:
    await entered(instance, user, a_play(), a_play())
    token = (await history(user, page_size=1)).next_page_token
    for asked in (
        {"page_token": "forged"},
        {"page_token": token[:-2] + "AA"},
        {"page_token": token, "distinct": True},
    ):
        fault = await refused(history(user, **asked))
        assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_without_the_catalogue_history_has_ids_alone(
    world: World, instance: Instance, user: User
) -> None:
    await entered(instance, user, a_play())
    world.catalogue.away = True
    (entry,) = (await history(user)).entries
    assert entry.track == TrackSummary(id=TRACK.track_id)


async def test_what_was_played_is_in_history_and_told_to_who_watches(
    world: World, instance: Instance
) -> None:
    short = replace(TRACK, track_id=new_id(), duration_ms=400)
    world.catalogue.known[short.track_id] = replace(PLAYABLE, track=short)
    user = instance.user()
    async with an_instance(world) as other:
        watching = Watching(other)
        started = await user.play(track_id=short.track_id)
        await user.fetch(started.playback_id)
        await asyncio.sleep(0.25)
        await user.call("Stop", playback_id=started.playback_id)
        told = await watching.play()
        (entry,) = (await history(user)).entries
        assert told.play == entry.play
        assert told.user_id == user.user_id
        assert told.play.playback_id == started.playback_id
        assert 200 <= told.play.heard_ms <= 400


async def test_every_play_is_told_as_it_ended_and_history_has_those_that_counted(
    world: World, instance: Instance
) -> None:
    short = replace(TRACK, track_id=new_id(), duration_ms=400)
    world.catalogue.known[short.track_id] = replace(PLAYABLE, track=short)
    user, watching = instance.user(tier="premium"), Watching(instance)
    tracks = [TRACK.track_id, short.track_id, TRACK.track_id]
    started = await user.play(track_id="", track_ids=tracks)
    await user.fetch(started.playback_id)
    await user.call("Skip", device_id="kitchen")
    await asyncio.sleep(0.25)
    ended = {"playback_id": started.playback_id, "play_id": (await user.state()).play_id}
    await user.call("Advance", **ended)
    await user.call("Stop", playback_id=started.playback_id)
    told = [(await watching.play()).play for _ in range(3)]
    assert [(play.track_id, play.outcome, play.counted) for play in told] == [
        (TRACK.track_id, pb.Play.SKIPPED, False),
        (short.track_id, pb.Play.COMPLETED, True),
        (TRACK.track_id, pb.Play.LEFT, False),
    ]
    assert ids(await history(user)) == [told[1].play_id]


async def test_plays_begin_with_the_first_that_is_kept(world: World, instance: Instance) -> None:
    user, plays = instance.user(), [a_play() for _ in range(3)]
    await entered(instance, user, plays[0])
    async with stores.open_pool(world.dsn, schema=SCHEMA.name) as pool:
        async with pool.connection() as connection:
            await connection.execute(
                "UPDATE change_feed SET written_at = now() - interval '31 days'"
            )
        assert await feeds_postgres.prune(pool) == 1
    await entered(instance, user, plays[1], plays[2])
    watching = Watching(instance)
    told = [(await watching.play()).play.play_id for _ in range(2)]
    assert told == [plays[1].play_id, plays[2].play_id]


async def test_a_token_goes_on_at_another_instance_and_misses_nothing(
    world: World, instance: Instance
) -> None:
    user, plays = instance.user(), [a_play() for _ in range(6)]
    watching = Watching(instance)
    await entered(instance, user, *plays[:3])
    seen = [(await watching.play()).play.play_id for _ in range(3)]
    async with an_instance(world) as other:
        again = Watching(other, watching.token)
        await entered(instance, user, *plays[3:])
        while len(set(seen)) < 6:
            seen.append((await again.play()).play.play_id)
    assert list(dict.fromkeys(seen)) == [play.play_id for play in plays]


async def test_private_plays_are_in_the_owners_history_and_told_to_nobody(
    instance: Instance, user: User
) -> None:
    hidden, shown = a_play(private=True), a_play()
    await entered(instance, user, hidden, shown)
    assert (await Watching(instance).play()).play.play_id == shown.play_id
    assert set(ids(await history(user))) == {hidden.play_id, shown.play_id}


async def test_tokens_of_elsewhere_are_refused(instance: Instance) -> None:
    with pytest.raises(InvalidArgument):
        await Watching(instance, "garbage").play()


async def test_a_token_of_what_is_kept_no_more_is_expired(world: World, instance: Instance) -> None:
    user, watching = instance.user(), Watching(instance)
    await entered(instance, user, a_play())
    await watching.play()
    await entered(instance, user, a_play())
    async with stores.open_pool(world.dsn, schema=SCHEMA.name) as pool:
        async with pool.connection() as connection:
            await connection.execute(
                "UPDATE change_feed SET written_at = now() - interval '31 days'"
            )
        await feeds_postgres.prune(pool)
    with pytest.raises(OutOfRange):
        await Watching(instance, watching.token).play()


async def test_only_services_that_learn_from_plays_may_watch_them(instance: Instance) -> None:
    with pytest.raises(PermissionDenied):
        await Watching(instance, caller="edge").play()


async def test_the_feed_and_the_history_tell_of_a_play_what_its_client_told(
    instance: Instance, user: User
) -> None:
    feed = Watching(instance)
    origin = {"context": {"kind": ContextRef.ALBUM, "id": new_id()}, "shown_id": new_id()}
    started = await user.play(client_play_id="phone!1", repeat="OFF")
    await user.call("AddToQueue", track_ids=[TRACK.track_id], origin=origin)
    assert (await user.state()).client_play_id == "phone!1"
    beat = {"seq": 1, "revision": 2, "position_ms": 0}
    await user.report(started.playback_id, **beat, offline=True)
    await instance.heartbeats.flush()
    await user.call("Skip", device_id="kitchen", client_play_id="phone!2")
    assert (await user.state()).client_play_id == "phone!2"
    await user.call("Stop", playback_id=started.playback_id)
    first, second = [(await feed.play()).play for _ in range(2)]
    assert (first.play_id, first.client_play_id, first.offline) == (
        started.play_id,
        "phone!1",
        True,
    )
    assert (second.client_play_id, second.offline) == ("phone!2", False)
    assert not first.HasField("origin")
    assert second.origin == PlayOriginMessage(**origin)


async def test_a_play_that_the_device_had_is_told_as_such(instance: Instance, user: User) -> None:
    play = a_play(offline=True, client_play_id="phone!1")
    await entered(instance, user, play)
    (entry,) = (await history(user)).entries
    assert (entry.play.offline, entry.play.client_play_id) == (True, "phone!1")


@pytest.mark.parametrize("client_play_id", ["x" * 129, "two words", "naïve", "tab\t"])
async def test_what_no_client_may_call_a_play_is_refused(user: User, client_play_id: str) -> None:
    started = await user.play(client_play_id="~" * 128)
    named = {"playback_id": started.playback_id}
    for call in (
        user.play(client_play_id=client_play_id),
        user.call("Skip", device_id="kitchen", client_play_id=client_play_id),
        user.call("Previous", **named, client_play_id=client_play_id),
        user.call("Advance", **named, play_id=started.play_id, client_play_id=client_play_id),
    ):
        fault = await refused(call)
        assert isinstance(fault, InvalidArgument)
        assert fault.violations[0].field == "client_play_id"
