"""What beats say of rungs, of what is heard, and of how many sessions play."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playback_svc.usecases.decisions import playback_changed
from tests.contracts.playback.samples import (
    RUNGS,
)
from tests.unit.playback.heartbeats_rig import HOLDER, USER, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_measured_rate_counts_for_the_nearest_rung_of_the_session(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    for seq in (1, 2):
        rig.beat(slot, seq, bitrate_kbps=131)
        rig.now += 10_000
    rig.beat(slot, 3, rung="256", bitrate_kbps=131)
    await rig.heartbeats.flush()
    assert rig.measures.seconds == {"256": 20.0}
    assert slot.live().rung == "256"


async def test_a_rate_is_told_from_the_rungs_of_the_track_that_plays_now(rig: Rig) -> None:
    state = await rig.begin()
    slot = await rig.open(state)
    rig.beat(slot, 1, bitrate_kbps=900)
    assert slot.live().rung == "256"
    lossless = replace(state, version=state.version._replace(revision=9))
    lossless = replace(lossless, asset=replace(state.asset, rungs=RUNGS))
    rig.events.send(playback_changed(USER, lossless))
    rig.beat(slot, 2, bitrate_kbps=900)
    assert (slot.live().rung, slot.live().bitrate_kbps) == ("flac", 900)


async def test_a_beat_that_tells_no_rung_leaves_the_last_one(rig: Rig) -> None:
    slot = await rig.open(await rig.begin())
    rig.beat(slot, 1, rung="128")
    rig.beat(slot, 2, rung="")
    assert (slot.live().rung, slot.live().bitrate_kbps) == ("128", 128)


async def test_what_is_heard_between_beats_without_a_stream_counts(rig: Rig) -> None:
    state = await rig.begin()

    async def beat(seq: int, *, moving: bool = True) -> None:
        slot = await rig.heartbeats.attend(HOLDER, state.session_id, state.device_id)
        rig.beat(slot, seq, moving=moving)
        await rig.heartbeats.flush()

    await beat(1)
    rig.now += 10_000
    await beat(2)
    rig.now += 5_000
    await beat(3, moving=False)
    rig.now += 20_000
    await beat(4)
    rig.now += 2_000
    await beat(5)
    assert rig.measures.seconds == {"192": 17.0}


async def test_sessions_that_play_are_counted_and_not_their_streams(rig: Rig) -> None:
    state = await rig.begin()
    slot = await rig.open(state)
    rig.heartbeats.measure()
    rig.beat(slot, 1)
    again = await rig.open(state)
    rig.beat(again, 2)
    rig.now += 6_000
    rig.heartbeats.measure()
    rig.beat(slot, 3, moving=False)
    rig.beat(again, 4, moving=False)
    rig.now += 6_000
    rig.heartbeats.measure()
    passing = await rig.heartbeats.attend(HOLDER, state.session_id, state.device_id)
    rig.beat(passing, 5)
    rig.now += 6_000
    rig.heartbeats.measure()
    rig.now += 36_000
    rig.heartbeats.measure()
    assert rig.measures.sessions == [0, 1, 0, 1, 0]


async def test_a_session_that_beats_without_a_stream_counts_until_it_is_taken_over(
    rig: Rig,
) -> None:
    state = await rig.begin()
    passing = await rig.heartbeats.attend(HOLDER, state.session_id, state.device_id)
    rig.beat(passing, 1)
    rig.heartbeats.measure()
    other = await rig.begin()
    rig.now += 6_000
    rig.heartbeats.measure()
    rig.beat(await rig.heartbeats.attend(HOLDER, other.session_id, other.device_id), 1)
    # A late beat of what is over changes nothing.
    await rig.heartbeats.attend(HOLDER, state.session_id, state.device_id)
    rig.now += 6_000
    rig.heartbeats.measure()
    assert rig.measures.sessions == [1, 0, 1]
