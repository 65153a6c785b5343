"""A radio that plays, over stores in memory: refilled, steered, and what happens without it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from meshkit.faults import FailedPrecondition, Unavailable
from meshkit.principal import Principal, set_principal
from playback_svc.adapters.memory.radios import BLOCK, MemoryRadios
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import PlayQueue, origin_of
from playback_svc.domain.player_state import EndReason, Status
from playback_svc.domain.plays import Outcome
from playback_svc.domain.preferences import Preferences
from playback_svc.domain.radio import REACH_BACK, REFILL_AT
from playback_svc.usecases.contexts import Source
from tests.contracts.playback.radios_suite import RadiosContract, RadiosUnderTest
from tests.contracts.playback.samples import NOW, PLAYABLE, new_id, request_key
from tests.unit.playback.plays_rig import TRACKS, Rig

TO_BORDER = BLOCK - REFILL_AT - 1
"""So many skips from the first track, and the next block is asked for."""


class TestMemoryRadios(RadiosContract):
    @pytest.fixture
    def under_test(self) -> RadiosUnderTest:
        radio_id = new_id()
        tracks = [new_id() for _ in range(3 * BLOCK)]
        return RadiosUnderTest(MemoryRadios({radio_id: tracks}), radio_id)


class Listener(Rig):
    """Who plays a radio of 200 tracks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tracks = [replace(TRACKS[0], track_id=new_id()) for _ in range(200)]
        self.catalogue.known.update(
            {track.track_id: replace(PLAYABLE, track=track) for track in self.tracks}
        )
        self.radio_id = new_id()
        self.ids = [track.track_id for track in self.tracks]
        self.radios.tracks[self.radio_id] = self.ids
        set_principal(Principal(self.user, "sid", "premium", frozenset(), NOW / 1000, "token"))

    async def plays_radio(self, **order: Any) -> None:
        source = Source(ContextKind.RADIO, self.radio_id)
        await self.plays_track(track_id="", source=source, **order)
        await self.refilled()

    async def refilled(self) -> None:
        """Whatever was begun beside the commands is done."""
        await self.refill.drain()

    async def skips_on(self, count: int) -> list[str]:
        """The tracks that so many skips lead to."""
        heard = []
        for _ in range(count):
            heard.append((await self.skips()).played.track.track_id)
            await self.refilled()
        return heard

    @property
    def queue(self) -> PlayQueue:
        return self.store.states[self.user].queue

    @property
    def blocks(self) -> list[int]:
        """The numbers of the blocks that were asked for, as they were."""
        return [request.number for request in self.radios.asked]

    async def coming(self) -> list[str]:
        page = await self.cases.get_queue(self.user, 0, 500)
        return [one.upcoming.entry.track_id for one in page.entries]


async def test_a_radio_plays_on_over_its_blocks_without_a_repeat() -> None:
    listener = Listener()
    await listener.plays_radio()
    assert await listener.coming() == listener.ids[1:BLOCK]
    assert await listener.skips_on(120) == listener.ids[1:121]
    assert listener.blocks == [1, 2, 3, 4, 5, 6, 7]
    assert len(listener.store.blobs) == 1


async def test_the_next_block_is_asked_for_at_five_left() -> None:
    listener = Listener()
    await listener.plays_radio()
    await listener.skips_on(TO_BORDER - 1)
    assert listener.blocks == [1]
    assert len(await listener.coming()) == REFILL_AT + 1
    await listener.skips_on(1)
    assert listener.blocks == [1, 2]
    assert await listener.coming() == listener.ids[TO_BORDER + 1 : 2 * BLOCK]


async def test_a_block_is_chosen_by_what_was_heard_and_skipped_in_this_radio() -> None:
    listener = Listener()
    await listener.plays_album()
    listener.passes(60)
    await listener.plays_radio()
    listener.passes(180)
    await listener.advances()
    await listener.skips_on(TO_BORDER - 1)
    asked = listener.radios.asked[-1]
    assert asked.number == 2
    assert asked.heard == (listener.ids[0],)
    assert asked.skipped == tuple(listener.ids[1:TO_BORDER])


async def test_nothing_of_a_private_session_is_told() -> None:
    listener = Listener()
    listener.store.preferences[listener.user] = Preferences(private_session=True)
    await listener.plays_radio()
    await listener.skips_on(TO_BORDER)
    asked = listener.radios.asked[-1]
    assert (asked.number, asked.heard, asked.skipped) == (2, (), ())


async def test_each_play_names_the_list_of_its_block() -> None:
    listener = Listener()
    await listener.plays_radio()
    await listener.skips_on(BLOCK + 1)
    shown = [play.origin.shown_id for play in listener.left]
    given = [block.shown_id for block in listener.radios.given.values()]
    assert shown == [given[0]] * BLOCK + [given[1]]
    assert {play.origin.context_id for play in listener.left} == {listener.radio_id}
    assert {play.origin.kind for play in listener.left} == {ContextKind.RADIO}
    assert {play.outcome for play in listener.left} == {Outcome.SKIPPED}


async def test_what_is_there_plays_on_without_radios_and_they_are_asked_again() -> None:
    listener = Listener()
    await listener.plays_radio()
    listener.radios.away = True
    assert await listener.skips_on(BLOCK - 1) == listener.ids[1:BLOCK]
    assert listener.blocks == [1] + [2] * (REFILL_AT + 1)
    with pytest.raises(Unavailable):
        await listener.skips()
    listener.passes(180)
    with pytest.raises(Unavailable):
        await listener.advances()
    assert listener.store.states[listener.user].status is Status.PLAYING
    listener.radios.away = False
    assert await listener.skips_on(3) == listener.ids[BLOCK : BLOCK + 3]


async def test_a_pause_has_a_block_that_was_missed_asked_for_again() -> None:
    listener = Listener()
    await listener.plays_radio()
    listener.radios.away = True
    await listener.skips_on(TO_BORDER)
    listener.radios.away = False
    await listener.pauses()
    await listener.refilled()
    assert len(await listener.coming()) == REFILL_AT + BLOCK


async def test_the_last_track_is_followed_by_a_block_that_comes_late() -> None:
    listener = Listener()
    await listener.plays_radio()
    listener.radios.away = True
    await listener.skips_on(BLOCK - 1)
    listener.radios.away = False
    listener.passes(180)
    answer = await listener.advances()
    assert answer.played.track.track_id == listener.ids[BLOCK]


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_radio_that_has_nothing_more_ends(deleted: bool) -> None:
    listener = Listener()
    listener.radios.tracks[listener.radio_id] = listener.ids[: BLOCK + 3]
    await listener.plays_radio()
    if deleted:
        await listener.skips_on(TO_BORDER)
        del listener.radios.tracks[listener.radio_id]
    await listener.skips_on(BLOCK + 2 - (TO_BORDER if deleted else 0))
    with pytest.raises(FailedPrecondition) as ended:
        await listener.skips()
    assert ended.value.reason == "QUEUE_ENDED"
    listener.passes(180)
    assert (await listener.advances()).played.ended
    assert listener.store.states[listener.user].ended_by is EndReason.FINISHED


async def test_what_cannot_be_played_to_the_end_of_its_block_is_passed_over() -> None:
    listener = Listener()
    await listener.plays_radio()
    for track_id in listener.ids[3:BLOCK]:
        del listener.catalogue.known[track_id]
    assert await listener.skips_on(3) == [*listener.ids[1:3], listener.ids[BLOCK]]


async def test_a_small_radio_gets_its_next_block_as_it_begins() -> None:
    listener = Listener()
    listener.radios.tracks[listener.radio_id] = listener.ids[:REFILL_AT]
    await listener.plays_radio()
    assert listener.blocks == [1, 2]


async def test_an_empty_radio_is_refused() -> None:
    listener = Listener()
    listener.radios.tracks[listener.radio_id] = []
    with pytest.raises(FailedPrecondition) as refused:
        await listener.plays_radio()
    assert refused.value.reason == "CONTEXT_EMPTY"


async def test_a_retry_of_play_names_the_playing_that_it_named() -> None:
    listener = Listener()
    listener.catalogue.away = True
    source = Source(ContextKind.RADIO, listener.radio_id)
    order = {"device_id": "kitchen", "source": source}
    key = request_key(listener.user)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await listener.asks_to_play(key, **order)
    listener.catalogue.away = False
    await listener.asks_to_play(key, **order)
    first, second, third = listener.radios.asked
    assert first == second == third
    await listener.asks_to_play(request_key(listener.user, "r2"), **order)
    assert listener.radios.asked[-1] != first
    await listener.asks_to_play(None, **order)
    await listener.asks_to_play(None, **order)
    assert len({asked.playing_id for asked in listener.radios.asked}) == 4


async def test_playing_something_else_while_a_block_comes_drops_it() -> None:
    listener = Listener()
    await listener.plays_radio()
    await listener.skips_on(TO_BORDER - 1)
    await listener.skips()
    await listener.plays_album()
    await listener.refilled()
    assert listener.queue.context is not None
    assert listener.queue.context.kind is ContextKind.ALBUM
    assert len(listener.store.blobs) == 1


async def test_a_block_that_two_ask_for_at_once_is_appended_once() -> None:
    listener = Listener()
    await listener.plays_radio()
    listener.radios.away = True
    await listener.skips_on(TO_BORDER)
    listener.radios.away = False
    state = listener.store.states[listener.user]
    assert await asyncio.gather(*(listener.refill(listener.user, state) for _ in range(5)))
    assert await listener.coming() == listener.ids[TO_BORDER + 1 : 2 * BLOCK]


async def test_a_transfer_takes_the_radio_with_it_and_a_block_that_comes_meanwhile() -> None:
    listener = Listener()
    await listener.plays_track(device_id="phone")
    await listener.plays_radio()
    await listener.skips_on(TO_BORDER - 1)
    await listener.skips()
    await listener.transfers("phone")
    await listener.refilled()
    state = listener.store.states[listener.user]
    assert state.device_id == "phone"
    assert await listener.coming() == listener.ids[TO_BORDER + 1 : 2 * BLOCK]


async def test_going_back_leads_over_a_cut_and_no_further_than_what_is_kept() -> None:
    listener = Listener()
    await listener.plays_radio()
    await listener.skips_on(6 * BLOCK - REFILL_AT - 1)
    back = [(await listener.goes_back()).played.track.track_id for _ in range(REACH_BACK + 1)]
    at = 6 * BLOCK - REFILL_AT - 1
    assert back[:-1] == listener.ids[at - 1 : at - REACH_BACK - 1 : -1]
    assert back[-1] == back[-2]
    assert origin_of(listener.queue).context_id == listener.radio_id


async def test_what_is_queued_comes_between_and_takes_nothing_of_the_radio() -> None:
    listener = Listener()
    await listener.plays_radio()
    await listener.cases.add_to_queue(listener.user, (TRACKS[1].track_id,), None, first=False)
    heard = await listener.skips_on(BLOCK + 2)
    assert heard == [TRACKS[1].track_id, *listener.ids[1 : BLOCK + 2]]
