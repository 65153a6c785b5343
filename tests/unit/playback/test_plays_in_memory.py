"""A play is entered once, when its track is left; it counts if enough of it was heard."""

from __future__ import annotations

import pytest

from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.domain.play_queue import Repeat
from playback_svc.domain.plays import Outcome, PlayRecord, counted
from tests.contracts.playback.samples import (
    NOW,
)
from tests.unit.playback.plays_rig import ALBUM, TRACKS, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("heard_ms", "duration_ms", "counts"),
    [
        (29_999, 180_000, False),
        (30_000, 180_000, True),
        (19_999, 40_000, False),
        (20_000, 40_000, True),
        (30_000, 60_000, True),
        (29_999, 60_000, False),
        (0, 0, False),
        (0, 1, False),
        (1, 1, True),
    ],
)
def test_a_track_counts_after_thirty_seconds_or_half_of_it(
    heard_ms: int, duration_ms: int, counts: bool
) -> None:
    assert counted(heard_ms, duration_ms) is counts


async def test_nothing_is_entered_while_a_track_plays(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(100)
    await rig.pauses()
    await rig.resumes()
    assert rig.plays == []


async def test_what_is_entered_tells_where_when_and_from_what(rig: Rig) -> None:
    started = await rig.plays_album()
    rig.passes(40)
    await rig.skips()
    (play,) = rig.plays
    assert play == PlayRecord(
        play_id=started.played.play_id,
        session_id=started.session_id,
        device_id="kitchen",
        track_id=TRACKS[0].track_id,
        started_at_ms=NOW,
        ended_at_ms=NOW + 40_000,
        heard_ms=40_000,
        outcome=Outcome.SKIPPED,
        counted=True,
        private=False,
        origin=PlayOrigin(ContextKind.ALBUM, ALBUM),
    )


async def test_a_skip_leaves_a_play_behind_if_enough_was_heard(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(30)
    await rig.skips()
    rig.passes(29.999)
    await rig.skips()
    rig.passes(31)
    await rig.skips()
    assert rig.heard == [("Piece 0", 30), ("Piece 2", 31)]


async def test_a_track_that_ends_is_entered_as_completed(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(180)
    await rig.advances()
    (play,) = rig.plays
    assert (play.outcome, play.heard_ms) == (Outcome.COMPLETED, 180_000)
    rig.passes(180)
    await rig.advances()
    assert rig.heard == [("Piece 0", 180), ("Piece 1", 180)]


async def test_the_last_track_is_entered_once_when_all_was_played(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(180)
    assert (await rig.advances()).played.ended
    await rig.advances()
    await rig.stops()
    rig.passes(3_600)
    await rig.sweeps()
    await rig.plays_track(TRACKS[1])
    assert rig.heard == [("Piece 0", 180)]


async def test_play_elsewhere_leaves_the_track_of_before(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(45)
    await rig.plays_track(TRACKS[1], device_id="phone")
    assert rig.heard == [("Piece 0", 45)]
    assert rig.plays[0].device_id == "kitchen"


async def test_a_stop_leaves_the_track_and_stopping_again_nothing(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(45)
    await rig.stops()
    rig.passes(45)
    await rig.stops()
    await rig.plays_track()
    assert rig.heard == [("Piece 0", 45)]


async def test_a_transfer_leaves_nothing_and_the_play_goes_on(rig: Rig) -> None:
    await rig.plays_track(TRACKS[1], device_id="phone")
    started = await rig.plays_track()
    rig.passes(20)
    await rig.transfers("phone")
    assert rig.plays == []
    rig.passes(15)
    await rig.stops()
    (play,) = rig.plays
    assert (play.play_id, play.heard_ms, play.device_id) == (
        started.played.play_id,
        35_000,
        "phone",
    )
    assert play.started_at_ms == NOW


async def test_what_was_over_and_is_taken_up_elsewhere_is_another_play(rig: Rig) -> None:
    await rig.plays_track(TRACKS[1], device_id="phone")
    await rig.plays_track()
    rig.passes(40)
    await rig.stops()
    await rig.transfers("phone")
    await rig.resumes()
    rig.passes(50)
    await rig.stops()
    assert rig.heard == [("Piece 0", 40), ("Piece 0", 50)]


async def test_what_silence_ended_is_entered_once_by_the_sweep(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(40)
    await rig.beats(1, 40, stored=True)
    ended_at = rig.now + 35_000
    rig.passes(200)
    assert await rig.sweeps() == 1
    assert await rig.sweeps() == 0
    (play,) = rig.plays
    assert (play.heard_ms, play.ended_at_ms) == (40_000, ended_at)
    assert play.outcome is Outcome.EXPIRED
    await rig.stops()
    await rig.plays_track(TRACKS[1])
    assert len(rig.plays) == 1


async def test_what_silence_ended_is_entered_once_by_whatever_comes_first(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(40)
    await rig.beats(1, 40)
    rig.passes(200)
    await rig.plays_track(TRACKS[1])
    await rig.sweeps()
    assert rig.heard == [("Piece 0", 40)]


async def test_a_player_without_beats_that_fetched_all_has_heard_all(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(3_600)
    assert await rig.sweeps() == 1
    (play,) = rig.plays
    assert (play.heard_ms, play.outcome) == (180_000, Outcome.COMPLETED)


async def test_each_turn_of_a_repeated_track_is_a_play(rig: Rig) -> None:
    await rig.plays_track(repeat=Repeat.TRACK)
    for _ in range(3):
        rig.passes(180)
        await rig.advances()
    assert rig.heard == [("Piece 0", 180)] * 3
    assert len({play.play_id for play in rig.plays}) == 3


async def test_beginning_again_is_another_play(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(60)
    await rig.goes_back()
    rig.passes(35)
    await rig.stops()
    assert rig.heard == [("Piece 0", 60), ("Piece 0", 35)]
