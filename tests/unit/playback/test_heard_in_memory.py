"""How much of a play was heard: what time went by, what was delivered, what beats say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playback_svc.domain.origins import NOWHERE
from playback_svc.domain.play_queue import Repeat
from playback_svc.domain.plays import Outcome
from tests.unit.playback.plays_rig import TRACKS, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_seeking_forward_is_not_hearing(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(5)
    await rig.seeks(170)
    rig.passes(5)
    await rig.seeks(178)
    rig.passes(2)
    await rig.advances()
    assert rig.plays == []


async def test_seeking_around_counts_what_was_heard_each_time(rig: Rig) -> None:
    await rig.plays_track()
    for start in (100, 0, 50, 120):
        await rig.seeks(start)
        rig.passes(10)
    await rig.stops()
    assert rig.heard == [("Piece 0", 40)]


async def test_time_that_it_was_held_is_not_heard(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(20)
    await rig.pauses()
    rig.passes(600)
    await rig.resumes()
    rig.passes(9)
    await rig.stops()
    assert rig.plays == []


async def test_a_device_that_claims_to_be_further_is_believed_no_more_than_the_clock(
    rig: Rig,
) -> None:
    await rig.plays_track()
    for seq in range(1, 5):
        rig.passes(5)
        await rig.beats(seq, 40 * seq, stored=seq % 2 == 0)
    await rig.stops()
    assert rig.plays == []


async def test_a_device_that_stands_still_is_not_heard(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(10)
    await rig.beats(1, 10, stored=True)
    rig.passes(20)
    await rig.beats(2, 12, stored=True)
    rig.passes(10)
    await rig.beats(3, 13)
    await rig.stops()
    assert rig.plays == []


async def test_beats_add_up_to_what_was_heard(rig: Rig) -> None:
    await rig.plays_track()
    for seq in range(1, 13):
        rig.passes(10)
        await rig.beats(seq, 10 * seq, stored=seq % 6 == 0)
    await rig.stops()
    assert rig.heard == [("Piece 0", 120)]


async def test_a_play_that_starts_late_counts_from_there(rig: Rig) -> None:
    await rig.plays_track(position_ms=160_000)
    rig.passes(20)
    await rig.advances()
    assert rig.plays == []


async def test_a_single_track_belongs_to_no_context(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(40)
    await rig.stops()
    assert rig.plays[0].origin == NOWHERE


async def test_every_play_is_told_with_how_it_ended(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(2)
    await rig.skips()
    rig.passes(40)
    await rig.skips()
    rig.passes(180)
    await rig.advances()
    rig.passes(3)
    await rig.stops()
    assert rig.outcomes == [
        ("Piece 0", Outcome.SKIPPED, False),
        ("Piece 1", Outcome.SKIPPED, True),
        ("Piece 2", Outcome.COMPLETED, True),
        ("Piece 3", Outcome.LEFT, False),
    ]


async def test_going_back_and_playing_something_else_leave_a_play(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(10)
    await rig.goes_back()
    rig.passes(50)
    await rig.plays_track(TRACKS[1], device_id="phone")
    assert rig.outcomes == [
        ("Piece 0", Outcome.LEFT, False),
        ("Piece 0", Outcome.LEFT, True),
    ]


async def test_a_skip_in_the_last_seconds_of_what_was_heard_completes_the_play(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(176)
    await rig.skips()
    assert rig.outcomes == [("Piece 0", Outcome.COMPLETED, True)]


async def test_an_end_that_was_gone_to_unheard_is_a_skip(rig: Rig) -> None:
    await rig.plays_album()
    rig.passes(5)
    await rig.seeks(178)
    rig.passes(2)
    await rig.advances()
    assert rig.outcomes == [("Piece 0", Outcome.SKIPPED, False)]


@pytest.mark.parametrize(("seconds", "outcome"), [(1, Outcome.SKIPPED), (2, Outcome.COMPLETED)])
async def test_of_a_track_of_a_few_seconds_half_is_to_be_heard_too(
    rig: Rig, seconds: int, outcome: Outcome
) -> None:
    for track_id, playable in rig.catalogue.known.items():
        rig.catalogue.known[track_id] = replace(
            playable, track=replace(playable.track, duration_ms=4_000)
        )
    await rig.plays_album()
    rig.passes(seconds)
    await rig.skips()
    assert rig.outcomes == [("Piece 0", outcome, outcome is Outcome.COMPLETED)]


async def test_a_play_that_silence_ended_before_it_counted_is_told(rig: Rig) -> None:
    await rig.plays_track()
    rig.passes(10)
    await rig.beats(1, 10, stored=True)
    rig.passes(200)
    await rig.sweeps()
    assert rig.outcomes == [("Piece 0", Outcome.EXPIRED, False)]


@pytest.fixture
def plain() -> Rig:
    """With a player that never sends a beat and fetches what it is told to."""
    return Rig(fetches=False)


async def test_a_session_that_was_sent_nothing_has_heard_nothing(plain: Rig) -> None:
    await plain.plays_track()
    plain.passes(3_600)
    assert await plain.sweeps() == 1
    (play,) = plain.left
    assert (play.heard_ms, play.outcome, play.counted) == (0, Outcome.EXPIRED, False)


async def test_no_more_is_heard_than_was_delivered(plain: Rig) -> None:
    await plain.plays_album()
    await plain.sends(1, 2)
    plain.passes(100)
    await plain.skips()
    await plain.sends(1, 2, 3)
    plain.passes(100)
    await plain.stops()
    assert [(play.heard_ms, play.counted) for play in plain.left] == [
        (20_000, False),
        (30_000, True),
    ]


async def test_no_more_is_heard_than_time_went_by_whatever_was_fetched_ahead(plain: Rig) -> None:
    await plain.plays_track()
    await plain.sends(*range(1, 19))
    plain.passes(12)
    await plain.stops()
    assert plain.left[0].heard_ms == 12_000


async def test_who_fetched_all_but_the_end_has_not_completed_it(plain: Rig) -> None:
    for last, outcome in ((17, Outcome.EXPIRED), (18, Outcome.COMPLETED)):
        await plain.plays_track()
        await plain.sends(*range(1, last + 1))
        plain.passes(3_600)
        await plain.sweeps()
        assert plain.left[-1].outcome is outcome


async def test_a_track_that_comes_again_need_not_be_fetched_again(plain: Rig) -> None:
    await plain.plays_track(repeat=Repeat.TRACK)
    await plain.sends(*range(1, 19))
    for _ in range(2):
        plain.passes(180)
        await plain.advances()
    assert plain.heard == [("Piece 0", 180)] * 2


async def test_each_session_of_a_play_has_heard_what_it_was_sent(plain: Rig) -> None:
    await plain.plays_track(TRACKS[1], device_id="phone")
    await plain.plays_track()
    await plain.sends(1)
    plain.passes(60)
    await plain.transfers("phone")
    await plain.sends(7, 8)
    plain.passes(60)
    await plain.stops()
    assert plain.heard == [("Piece 0", 30)]


async def test_a_device_that_beats_says_itself_what_is_heard_of_it(plain: Rig) -> None:
    await plain.plays_track()
    plain.passes(40)
    await plain.beats(1, 40)
    await plain.stops()
    assert plain.heard == [("Piece 0", 40)]


@pytest.mark.parametrize("stored", [False, True])
async def test_a_play_from_the_devices_own_files_counts_though_nothing_was_delivered(
    plain: Rig, stored: bool
) -> None:
    await plain.plays_album()
    plain.passes(40)
    await plain.beats(1, 40, stored=stored, offline=True)
    await plain.skips()
    plain.passes(50)
    await plain.beats(2, 50, stored=stored)
    await plain.stops()
    assert plain.heard == [("Piece 0", 40), ("Piece 1", 50)]
    assert [play.offline for play in plain.left] == [True, False]


@pytest.mark.parametrize("last", [False, True])
async def test_the_last_beat_of_a_play_says_where_it_came_from(rig: Rig, last: bool) -> None:
    await rig.plays_track()
    for seq, offline in enumerate((True, False, last), 1):
        rig.passes(20)
        await rig.beats(seq, 20 * seq, offline=offline)
    rig.passes(3_600)
    await rig.sweeps()
    assert [play.offline for play in rig.left] == [last]


async def test_a_play_that_goes_on_elsewhere_is_what_it_was_until_a_beat_says_more(
    rig: Rig,
) -> None:
    await rig.plays_track(TRACKS[1], device_id="phone")
    await rig.plays_track(client_play_id="kitchen-7")
    rig.passes(40)
    await rig.beats(1, 40, offline=True)
    await rig.transfers("phone")
    rig.passes(10)
    await rig.stops()
    await rig.transfers("kitchen")
    await rig.resumes()
    rig.passes(100)
    await rig.stops()
    assert [(play.offline, play.client_play_id) for play in rig.left[1:]] == [
        (True, "kitchen-7"),
        (False, ""),
    ]


async def test_each_play_is_called_what_its_client_called_it(rig: Rig) -> None:
    await rig.plays_album(client_play_id="first")
    rig.passes(40)
    await rig.skips(client_play_id="second")
    rig.passes(180)
    await rig.advances(client_play_id="third")
    await rig.goes_back(client_play_id="fourth")
    await rig.skips()
    await rig.stops()
    assert [play.client_play_id for play in rig.left] == [
        "first",
        "second",
        "third",
        "fourth",
        "",
    ]
