"""A radio that plays: on the wire, over instances, through kills and without recommendations."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from segue.playback.v1 import play_source_pb2, playback_pb2

from meshkit.faults import FailedPrecondition, Fault, NotFound, ResourceExhausted, Unavailable
from playback_svc.adapters.memory.radios import BLOCK, MemoryRadios
from playback_svc.domain.radio import REACH_BACK, REFILL_AT
from playback_svc.ports.skips import WINDOW_S
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import Music, advance, away, interrupted, upcoming
from tests.rpc.playback.skipping import ROOM_S

KIND = play_source_pb2.ContextRef
TO_BORDER = BLOCK - REFILL_AT - 1


@pytest.fixture
async def within_a_window() -> None:
    """No window of skips ends beneath a test."""
    left_s = WINDOW_S - time.time() % WINDOW_S
    await asyncio.sleep(left_s + 1 if left_s < ROOM_S else 0)


@dataclass
class Station:
    """A radio of a world, of tracks in a known order, and who plays it."""

    world: World
    radio_id: str = field(default_factory=new_id)
    size: int = 200

    def __post_init__(self) -> None:
        self.ids = Music(self.world).tracks(self.size)
        self.radios.tracks[self.radio_id] = self.ids

    @property
    def radios(self) -> MemoryRadios:
        assert isinstance(self.world.radios, MemoryRadios)
        return self.world.radios

    async def play(self, user: User, **fields: Any) -> Any:
        source = {"radio_id": self.radio_id}
        return await user.call("Play", **{"device_id": "kitchen", "source": source, **fields})


async def settled(*instances: Instance) -> None:
    """What was begun beside the commands is done."""
    for instance in instances:
        await instance.ongoing.refill.drain()


async def skip(user: User, **fields: Any) -> Any:
    return await user.call("Skip", device_id="kitchen", **fields)


async def skips(instance: Instance, user: User, count: int) -> list[str]:
    """The tracks that so many skips lead to."""
    heard = []
    for _ in range(count):
        heard.append((await skip(user)).track.id)
        await settled(instance)
    return heard


@pytest.fixture
def station(world: World) -> Station:
    return Station(world)


@pytest.fixture
async def fan(instance: Instance) -> User:
    """A user whose plan does not limit skips."""
    return instance.user(tier="premium")


async def test_a_radio_plays_and_tells_what_is_to_come(user: User, station: Station) -> None:
    answer = await station.play(user)
    assert answer.track.id == station.ids[0]
    state = await user.state()
    assert state.context.ref == KIND(kind=KIND.RADIO, id=station.radio_id)
    assert (state.context.track_count, state.context.played_count) == (BLOCK, 1)
    assert state.origin.context == state.context.ref
    (block,) = station.radios.given.values()
    assert state.origin.shown_id == block.shown_id
    assert await upcoming(user) == station.ids[1:BLOCK]
    ahead = await user.call("GetQueue")
    assert {one.kind for one in ahead.entries} == {playback_pb2.QueueEntry.CONTEXT}
    assert {one.origin.shown_id for one in ahead.entries} == {block.shown_id}


async def test_a_radio_goes_on_beyond_its_blocks_and_counts_what_it_gave(
    instance: Instance, fan: User, station: Station
) -> None:
    await station.play(fan)
    assert await skips(instance, fan, 85) == station.ids[1:86]
    context = (await fan.state()).context
    assert (context.track_count, context.played_count) == (5 * BLOCK, 86)
    assert await upcoming(fan) == station.ids[86 : 5 * BLOCK]


async def test_three_skips_are_given_in_a_radio_and_the_fourth_is_refused(
    within_a_window: None, instance: Instance, user: User, station: Station
) -> None:
    await station.play(user)
    assert await skips(instance, user, 3) == station.ids[1:4]
    fault = await refused(skip(user))
    assert isinstance(fault, ResourceExhausted)
    assert fault.reason == "SKIP_LIMIT_REACHED"
    assert (await user.state()).track.id == station.ids[3]


async def test_a_skip_that_finds_no_block_is_not_counted(
    within_a_window: None, instance: Instance, user: User, station: Station
) -> None:
    station.radios.tracks[station.radio_id] = station.ids[:1]
    await station.play(user)
    station.radios.away = True
    assert isinstance(await refused(skip(user)), Unavailable)
    station.radios.away = False
    station.radios.given.clear()
    station.radios.tracks[station.radio_id] = station.ids
    assert (await skip(user)).skips_remaining == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"radio_id": "x"}, "source.radio_id"),
        ({"start_track_id": new_id()}, "source.start_track_id"),
        ({"start_item_id": new_id()}, "source.start_item_id"),
        ({"shown_id": new_id()}, "source.shown_id"),
    ],
)
async def test_a_radio_is_begun_at_its_start_and_shown_by_itself(
    user: User, station: Station, fields: dict[str, str], field: str
) -> None:
    source = {"radio_id": station.radio_id, **fields}
    fault = await refused(station.play(user, source=source))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)


@pytest.mark.parametrize(
    ("fields", "setting"),
    [({"shuffle": True}, "shuffle"), ({"repeat": playback_pb2.Playback.CONTEXT}, "repeat")],
)
async def test_a_radio_is_neither_shuffled_nor_repeated(
    user: User, station: Station, fields: dict[str, Any], setting: str
) -> None:
    fault = await refused(station.play(user, **fields))
    assert isinstance(fault, FailedPrecondition)
    assert (fault.reason, fault.metadata) == ("NOT_IN_RADIO", {"setting": setting})
    await station.play(user)
    fault = await refused(user.call(f"Set{setting.title()}", **fields))
    assert (fault.reason, fault.metadata) == ("NOT_IN_RADIO", {"setting": setting})
    await user.call("SetShuffle", shuffle=False)
    await user.call("SetRepeat", repeat=playback_pb2.Playback.TRACK)
    assert (await user.state()).repeat == playback_pb2.Playback.TRACK


async def test_a_radio_after_a_shuffled_album_plays_in_its_own_order(
    user: User, station: Station, world: World
) -> None:
    music = Music(world)
    album = {"album_id": music.album(music.tracks(9))}
    repeat = playback_pb2.Playback.CONTEXT
    await user.call("Play", device_id="kitchen", source=album, shuffle=True, repeat=repeat)
    await station.play(user)
    state = await user.state()
    assert (state.shuffle, state.repeat) == (False, playback_pb2.Playback.OFF)
    assert await upcoming(user) == station.ids[1:BLOCK]


async def test_an_unknown_radio_is_not_found(user: User, station: Station) -> None:
    fault = await refused(station.play(user, source={"radio_id": new_id()}))
    assert isinstance(fault, NotFound)
    assert fault.metadata["resource"] == "radio"


async def test_a_radio_does_not_begin_while_nobody_can_give_it(
    user: User, station: Station
) -> None:
    station.radios.away = True
    assert isinstance(await refused(station.play(user)), Unavailable)
    assert not (await user.state()).playback_id


async def test_what_is_there_plays_on_without_recommendations_and_goes_on_with_them(
    instance: Instance, fan: User, station: Station
) -> None:
    await station.play(fan)
    station.radios.away = True
    assert await skips(instance, fan, BLOCK - 1) == station.ids[1:BLOCK]
    state = await fan.state()
    assert isinstance(await refused(skip(fan)), Unavailable)
    await fan.call("Seek", playback_id=state.playback_id, position_ms=state.track.duration_ms)
    assert isinstance(await refused(advance(fan, state)), Unavailable)
    assert (await fan.state()).status == playback_pb2.Playback.PLAYING
    station.radios.away = False
    assert await skips(instance, fan, 2) == station.ids[BLOCK : BLOCK + 2]


async def test_remotes_that_skip_at_the_border_at_once_lose_no_track_and_repeat_none(
    instance: Instance, world: World, station: Station
) -> None:
    async with an_instance(world) as other:
        for round_ in range(3):
            user = instance.user(tier="premium")
            elsewhere = other.user(user.user_id, tier="premium")
            await station.play(user)
            await skips(instance, user, TO_BORDER - 1 + round_)
            both = await asyncio.gather(*(skip(one) for one in (user, elsewhere) for _ in range(3)))
            await settled(instance, other)
            at = TO_BORDER + round_
            assert sorted(answer.track.id for answer in both) == sorted(station.ids[at : at + 6])
            assert await upcoming(user) == station.ids[at + 6 : 2 * BLOCK]


async def test_the_end_of_a_block_is_passed_once_by_all_who_come_to_it(
    instance: Instance, world: World, station: Station
) -> None:
    async with an_instance(world) as other:
        user = instance.user(tier="premium")
        elsewhere = other.user(user.user_id, tier="premium")
        await station.play(user)
        station.radios.away = True
        await skips(instance, user, BLOCK - 1)
        station.radios.away = False
        both = await asyncio.gather(*(skip(one) for one in (user, elsewhere) for _ in range(2)))
        await settled(instance, other)
        assert {answer.track.id for answer in both} == set(station.ids[BLOCK : BLOCK + 4])
        assert await upcoming(user) == station.ids[BLOCK + 4 : 2 * BLOCK]


async def test_a_radio_goes_on_on_another_device(
    instance: Instance, fan: User, station: Station
) -> None:
    await fan.register("kitchen")
    await fan.register("phone")
    await station.play(fan)
    await skips(instance, fan, TO_BORDER + 3)
    await fan.on_device("Transfer", device_id="phone", sender_device_id="phone")
    state = await fan.state()
    assert (state.device_id, state.track.id) == ("phone", station.ids[TO_BORDER + 3])
    assert await upcoming(fan) == station.ids[TO_BORDER + 4 : 2 * BLOCK]
    await fan.call("Skip", device_id="phone")
    assert (await fan.state()).track.id == station.ids[TO_BORDER + 4]


async def test_a_device_is_told_of_a_refill(
    instance: Instance, fan: User, station: Station
) -> None:
    await fan.register("kitchen")
    await station.play(fan)
    await skips(instance, fan, TO_BORDER)
    listed = await fan.on_device("ListCommands", device_id="kitchen")
    newest, before = listed.commands[:2]
    assert newest.target.revision == before.target.revision + 1
    assert newest.target.context.track_count == 2 * BLOCK


async def test_previous_leads_over_what_was_cut_as_far_as_is_kept(
    instance: Instance, fan: User, station: Station
) -> None:
    playback_id = (await station.play(fan)).playback_id
    at = 5 * BLOCK - REFILL_AT - 1
    await skips(instance, fan, at)
    back = [
        (await fan.call("Previous", playback_id=playback_id)).track.id
        for _ in range(REACH_BACK + 1)
    ]
    first = at - REACH_BACK
    assert back == [*station.ids[at - 1 : first - 1 : -1], station.ids[first]]


async def test_plays_of_a_radio_tell_of_it_in_the_feed_and_the_history(
    instance: Instance, fan: User, station: Station
) -> None:
    await station.play(fan)
    await skips(instance, fan, BLOCK + 1)
    plays = await instance.parts.plays.latest(fan.user_id, 100)
    first, second, *_ = station.radios.given.values()
    shown = [play.origin.shown_id for play in reversed(plays)]
    assert shown == [first.shown_id] * BLOCK + [second.shown_id]
    assert {play.origin.context_id for play in plays} == {station.radio_id}
    asked = station.radios.asked[-1]
    assert asked.skipped == tuple(station.ids[:TO_BORDER])


async def test_a_refill_whose_write_is_lost_is_made_again_with_the_same_block(
    instance: Instance, fan: User, station: Station
) -> None:
    await station.play(fan)
    await skips(instance, fan, TO_BORDER - 1)
    await skip(fan)
    with interrupted(instance.parts.store) as store:
        store.fault = away()
        await settled(instance)
    assert len(await upcoming(fan)) in (REFILL_AT, REFILL_AT + BLOCK)
    await skips(instance, fan, 1)
    assert await upcoming(fan) == station.ids[TO_BORDER + 2 : 2 * BLOCK]


async def test_a_refill_that_was_written_and_not_answered_is_not_made_again(
    instance: Instance, fan: User, station: Station
) -> None:
    await station.play(fan)
    station.radios.away = True
    await skips(instance, fan, TO_BORDER)
    station.radios.away = False
    with interrupted(instance.parts.store) as store:
        state = await instance.parts.store.read(fan.user_id, None, 0)
        assert state.state is not None
        store.fault, store.writes_first = away(), True
        with pytest.raises(Fault):
            await instance.ongoing.refill(fan.user_id, state.state)
    assert await upcoming(fan) == station.ids[TO_BORDER + 1 : 2 * BLOCK]
    await skips(instance, fan, 3)
    assert await upcoming(fan) == station.ids[TO_BORDER + 4 : 2 * BLOCK]
