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
    stream = await rig.open(await rig.begin())
    for seq in (1, 2):
        rig.beat(stream, seq, bitrate_kbps=131)
        rig.now += 10_000
    rig.beat(stream, 3, rung="256", bitrate_kbps=131)
    await rig.heartbeats.flush()
    assert rig.metrics.seconds == {"256": 20.0}
    assert stream.live().rung == "256"


async def test_a_rate_is_told_from_the_rungs_of_the_track_that_plays_now(rig: Rig) -> None:
    state = await rig.begin()
    stream = await rig.open(state)
    rig.beat(stream, 1, bitrate_kbps=900)
    assert stream.live().rung == "256"
    lossless = replace(state, version=state.version._replace(revision=9))
    lossless = replace(lossless, asset=replace(state.asset, rungs=RUNGS))
    rig.events.send(playback_changed(USER, lossless))
    rig.beat(stream, 2, bitrate_kbps=900)
    assert (stream.live().rung, stream.live().bitrate_kbps) == ("flac", 900)


async def test_a_beat_that_tells_no_rung_leaves_the_last_one(rig: Rig) -> None:
    stream = await rig.open(await rig.begin())
    rig.beat(stream, 1, rung="128")
    rig.beat(stream, 2, rung="")
    assert (stream.live().rung, stream.live().bitrate_kbps) == ("128", 128)


async def test_what_is_heard_between_beats_without_a_stream_counts(rig: Rig) -> None:
    state = await rig.begin()

    async def beat(seq: int, *, moving: bool = True) -> None:
        stream = await rig.heartbeats.stream_for_beat(HOLDER, state.session_id, state.device_id)
        rig.beat(stream, seq, moving=moving)
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
    assert rig.metrics.seconds == {"192": 17.0}


async def test_sessions_that_play_are_counted_and_not_their_streams(rig: Rig) -> None:
    state = await rig.begin()
    stream = await rig.open(state)
    rig.heartbeats.update_metrics()
    rig.beat(stream, 1)
    again = await rig.open(state)
    rig.beat(again, 2)
    rig.now += 6_000
    rig.heartbeats.update_metrics()
    rig.beat(stream, 3, moving=False)
    rig.beat(again, 4, moving=False)
    rig.now += 6_000
    rig.heartbeats.update_metrics()
    passing = await rig.heartbeats.stream_for_beat(HOLDER, state.session_id, state.device_id)
    rig.beat(passing, 5)
    rig.now += 6_000
    rig.heartbeats.update_metrics()
    rig.now += 36_000
    rig.heartbeats.update_metrics()
    assert rig.metrics.sessions == [0, 1, 0, 1, 0]


async def test_a_session_that_beats_without_a_stream_counts_until_it_is_taken_over(
    rig: Rig,
) -> None:
    state = await rig.begin()
    passing = await rig.heartbeats.stream_for_beat(HOLDER, state.session_id, state.device_id)
    rig.beat(passing, 1)
    rig.heartbeats.update_metrics()
    other = await rig.begin()
    rig.now += 6_000
    rig.heartbeats.update_metrics()
    rig.beat(await rig.heartbeats.stream_for_beat(HOLDER, other.session_id, other.device_id), 1)
    # A late beat of what is over changes nothing.
    await rig.heartbeats.stream_for_beat(HOLDER, state.session_id, state.device_id)
    rig.now += 6_000
    rig.heartbeats.update_metrics()
    assert rig.metrics.sessions == [1, 0, 1]
