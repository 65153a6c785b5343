"""Streams of beats, and the events that they are told of, over stores in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from segue.playback.v1 import playback_pb2

from meshkit.faults import PermissionDenied, Unavailable
from meshkit.stream_ends import FINISHED, Reason
from playback_svc import convert
from playback_svc.domain.liveness import (
    SILENCE_PAUSED_MS,
    SILENCE_PLAYING_MS,
    LivePosition,
)
from playback_svc.domain.plans import admit
from playback_svc.domain.player_state import EndReason, pause, seek
from playback_svc.streams.heartbeats import CHECKPOINT_MS
from playback_svc.usecases.decisions import playback_changed
from tests.contracts.playback.samples import (
    FREE,
    NOW,
    PLAYABLE,
    PREMIUM,
    RUNGS,
    TRACK,
)
from tests.unit.playback.heartbeats_rig import USER, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_beats_reach_the_row_once_a_minute_and_at_every_change(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())

    async def stored_seq_after(seq: int, *, moving: bool = True) -> int:
        rig.beat(slot, seq, moving=moving)
        await rig.heartbeats.flush()
        return rig.store.states[USER].last_seq

    assert await stored_seq_after(1) == 1
    rig.now += CHECKPOINT_MS - 1
    assert await stored_seq_after(2) == 1
    rig.now += 1
    assert await stored_seq_after(3) == 3
    assert await stored_seq_after(4) == 3
    assert await stored_seq_after(5, moving=False) == 5


async def test_the_last_beat_of_a_stream_reaches_the_row(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    rig.beat(slot, 1)
    await rig.heartbeats.flush()
    rig.beat(slot, 2)
    rig.heartbeats.close(slot)
    await rig.heartbeats.flush()
    assert rig.store.states[USER].last_seq == 2


async def test_positions_that_could_not_be_kept_are_kept_later(rig: Rig) -> None:
    state = await rig.begin()
    slot = await rig.open(state)
    rig.positions.away = True
    rig.beat(slot, 1, 5_000)
    await rig.heartbeats.flush()
    rig.positions.away = False
    await rig.heartbeats.flush()
    assert rig.positions.kept[state.session_id].position_ms == 5_000


async def test_a_beat_that_is_tried_again_gives_way_to_a_later_one(rig: Rig) -> None:
    state = await rig.begin()
    old, new = await rig.open(state), await rig.open(state)
    rig.beat(old, 1, 1_000)
    put = rig.positions.put

    async def refused(positions: Sequence[LivePosition]) -> None:
        rig.beat(new, 5, 90_000)
        raise Unavailable("The store cannot answer now.")

    rig.positions.put = refused  # type: ignore[method-assign]
    await rig.heartbeats.flush()
    rig.positions.put = put  # type: ignore[method-assign]
    rig.heartbeats.close(old)
    await rig.heartbeats.flush()
    assert rig.positions.kept[state.session_id].seq == 5


async def test_a_closing_stream_takes_no_beat_of_the_same_flush(rig: Rig) -> None:
    state = await rig.begin()
    old, new = await rig.open(state), await rig.open(state)
    rig.beat(old, 1, 1_000)
    rig.beat(new, 5, 90_000)
    rig.heartbeats.close(old)
    await rig.heartbeats.flush()
    kept = rig.positions.kept[state.session_id]
    assert (kept.seq, kept.position_ms) == (5, 90_000)


async def test_a_wake_up_that_overtakes_the_hello_is_not_lost(rig: Rig) -> None:
    state = await rig.begin()
    opening = asyncio.create_task(rig.open(state))
    await asyncio.sleep(0)
    await rig.begin(device_id="phone")
    slot = await opening
    assert slot.end == FINISHED
    assert slot.session_end is not None
    assert slot.session_end.reason is EndReason.TAKEN_OVER


async def test_old_news_ends_no_stream(rig: Rig) -> None:
    first = await rig.begin()
    slot = await rig.open(await rig.begin())
    rig.events.send(playback_changed(USER, first))
    assert slot.end is None


async def test_a_device_that_was_silent_too_long_finds_its_session_over(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    rig.beat(slot, 1)
    await rig.heartbeats.flush()
    rig.now += SILENCE_PLAYING_MS - 1
    assert not slot.silent_too_long(rig.now)
    rig.now += 1
    assert slot.silent_too_long(rig.now)
    assert not await rig.heartbeats.still_on(slot)
    assert slot.end == FINISHED
    assert slot.session_end is not None
    assert slot.session_end.reason is EndReason.EXPIRED
    assert rig.store.states[USER].status == "STOPPED"


async def test_a_stream_without_a_beat_may_be_silent_to_its_tracks_end(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    end = rig.now + TRACK.duration_ms + SILENCE_PLAYING_MS
    assert not slot.silent_too_long(end - 1)
    assert slot.silent_too_long(end)


async def test_silence_means_nothing_while_positions_are_away(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    rig.beat(slot, 1)
    rig.positions.away = True
    rig.now += 10 * SILENCE_PLAYING_MS
    assert await rig.heartbeats.still_on(slot)
    assert not slot.silent_too_long(rig.now)


async def test_a_held_session_may_be_silent_for_a_day(rig: Rig) -> None:
    state = await rig.begin()
    slot = await rig.open(state)
    rig.beat(slot, 1)
    held = pause(state, rig.now)
    rig.events.send(playback_changed(USER, held))
    assert not slot.silent_too_long(rig.now + SILENCE_PAUSED_MS - 1)
    assert slot.silent_too_long(rig.now + SILENCE_PAUSED_MS)


async def test_an_end_interrupts_a_stream_that_waits_and_only_once(rig: Rig) -> None:
    state = await rig.begin()
    slot = await rig.open(state)
    interrupted: list[str] = []
    slot.interrupt = lambda: interrupted.append("now")
    rig.events.send(playback_changed(USER, seek(state, 5, NOW)))
    assert slot.revision == 2
    await rig.begin(device_id="phone")
    assert slot.end is not None
    assert not interrupted, "a stream that is sending sees the end by itself"
    slot.end, slot.listening = None, True
    await rig.open_streams.drain()
    await rig.open_streams.drain()
    assert interrupted == ["now"]


async def test_who_opens_a_stream_while_draining_is_sent_on(rig: Rig) -> None:
    await rig.open_streams.drain()
    slot = await rig.open(await rig.begin())
    assert slot.end is not None
    assert slot.end.reason is Reason.DRAINING


async def test_a_stream_that_was_refused_is_not_held(rig: Rig) -> None:
    state = await rig.begin()
    rig.store.states.clear()
    rig.store.sessions.clear()
    for _ in range(20):
        with pytest.raises(Exception, match="no such session"):
            await rig.open(state)


def test_the_plan_decides_what_is_streamed() -> None:
    assert [rung.name for rung in admit(FREE, PLAYABLE).rungs] == ["128", "192", "256"]
    assert admit(PREMIUM, PLAYABLE).rungs == RUNGS
    with pytest.raises(PermissionDenied) as refusal:
        admit(FREE, replace(PLAYABLE, track=replace(TRACK, premium=True)))
    assert refusal.value.reason == "PLAN_REQUIRED"
    with pytest.raises(Unavailable) as preparing:
        admit(FREE, replace(PLAYABLE, rungs=RUNGS[3:]))
    assert preparing.value.reason == "TRACK_NOT_READY"


def test_every_end_of_a_session_is_in_the_contract() -> None:
    reasons = playback_pb2.SessionEnd.Reason.keys()[1:]
    assert sorted(reasons) == sorted(EndReason)
    assert set(convert.STATUSES.values()) == {1, 2, 3}
