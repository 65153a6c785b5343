"""What silence means, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playback_svc.domain.liveness import (
    BLIND_MS,
    SILENCE_PAUSED_MS,
    SILENCE_PLAYING_MS,
    UNKNOWN,
    Liveness,
    LivePosition,
    derive_state,
    expires_at_ms,
    observe,
)
from playback_svc.domain.player_state import (
    EndReason,
    PlayerState,
    Start,
    Status,
    hide,
    move_on,
    pause,
    requeue,
    seek,
)
from playback_svc.domain.plays import play_of
from tests.contracts.playback.samples import ASSET, MINUTE, NOW, TRACK, beat, playing

TELLING = Liveness(None, since_ms=0)


def seen(live: LivePosition) -> Liveness:
    return replace(TELLING, position=live)


def test_a_playing_session_is_over_after_35_seconds_without_a_beat() -> None:
    state = playing()
    live = beat(state, position_ms=8_000)
    limit = live.beat_at_ms + SILENCE_PLAYING_MS
    assert derive_state(state, seen(live), limit - 1).status is Status.PLAYING
    over = derive_state(state, seen(live), limit)
    assert (over.status, over.ended_by, over.position_ms) == (
        Status.STOPPED,
        EndReason.EXPIRED,
        8_000,
    )


def test_a_held_session_is_over_after_a_day() -> None:
    state = pause(playing(), NOW + 5_000)
    limit = NOW + 5_000 + SILENCE_PAUSED_MS
    assert derive_state(state, TELLING, limit - 1).status is Status.PAUSED
    assert derive_state(state, TELLING, limit).position_ms == 5_000
    assert derive_state(state, TELLING, limit).status is Status.STOPPED


def test_a_session_that_never_sent_a_beat_lasts_to_its_end() -> None:
    state = playing(position_ms=MINUTE)
    limit = NOW + TRACK.duration_ms - MINUTE + SILENCE_PLAYING_MS
    assert derive_state(state, TELLING, limit - 1).status is Status.PLAYING
    over = derive_state(state, TELLING, limit)
    assert (over.status, over.position_ms) == (Status.STOPPED, TRACK.duration_ms)


def test_nothing_is_derived_while_positions_are_unknown_or_were_lost() -> None:
    state, later = playing(), NOW + 60 * MINUTE
    assert derive_state(state, UNKNOWN, later).status is Status.PLAYING
    assert derive_state(state, Liveness(None, later - BLIND_MS + 1), later).status is Status.PLAYING
    assert derive_state(state, Liveness(None, later - BLIND_MS), later).status is Status.STOPPED


def test_every_reader_derives_the_same_end_whenever_it_looks() -> None:
    state = playing()
    liveness = seen(beat(state))
    assert derive_state(state, liveness, NOW + MINUTE) == derive_state(
        state, liveness, NOW + 99 * MINUTE
    )


def test_an_end_that_was_derived_stays_the_same_when_derived_again() -> None:
    once = derive_state(playing(), TELLING, NOW + 60 * MINUTE)
    assert derive_state(once, TELLING, NOW + 90 * MINUTE) == once


def test_a_beat_of_an_older_version_counts_as_a_sign_of_life_alone() -> None:
    before = playing()
    state = seek(before, 90_000, NOW + 1_000)
    live = beat(before, position_ms=3, beat_at_ms=NOW + 30_000)
    heard = observe(state, live)
    assert heard.position_ms == 90_000
    assert heard.last_beat_at_ms == NOW + 30_000
    assert derive_state(state, seen(live), NOW + 60_000).status is Status.PLAYING


def test_a_beat_of_another_session_or_from_before_counts_for_nothing() -> None:
    state = playing()
    assert observe(state, beat(playing())) == state
    known = observe(state, beat(state, seq=5))
    assert observe(known, beat(state, seq=5, position_ms=1)) == known


def test_where_the_sound_comes_from_is_said_by_the_last_beat_of_that_version() -> None:
    state = playing()
    heard = observe(state, beat(state, offline=True))
    assert heard.offline
    moved = seek(heard, 90_000, NOW + 11_000)
    assert observe(moved, beat(state, seq=2)).offline
    assert not observe(moved, beat(moved, seq=2)).offline


def test_a_beat_of_the_play_before_says_nothing_of_where_the_next_one_comes_from() -> None:
    state = playing()
    before = observe(state, beat(state, offline=True))
    after = move_on(before, Start("next", TRACK, ASSET), NOW + 20_000)
    assert before.offline
    assert not after.offline
    assert not observe(after, beat(before, seq=3, offline=True)).offline


def test_a_device_that_stands_still_moves_no_position() -> None:
    state = playing()
    heard = observe(state, beat(state, moving=False, position_ms=7_000))
    assert heard.position_at(NOW + 20_000) == 7_000


def test_a_clock_that_went_back_moves_no_position_back() -> None:
    assert playing(position_ms=9_000).position_at(NOW - MINUTE) == 9_000


def edited(state: PlayerState) -> PlayerState:
    return hide(requeue(state, replace(state.queue, shuffle=True)))


@pytest.mark.parametrize("status", [Status.PLAYING, Status.PAUSED])
def test_an_edit_of_the_queue_is_no_sign_of_life(status: Status) -> None:
    live = beat(playing())
    before = replace(playing(), session_id=live.session_id, status=status)
    before = observe(before, live)
    after = edited(before)
    assert after.version.revision == before.version.revision + 2
    assert expires_at_ms(after) == expires_at_ms(before)
    for later in (0, 20_000, MINUTE):
        assert after.position_at(NOW + later) == before.position_at(NOW + later)
        assert after.heard_ms_at(NOW + later) == before.heard_ms_at(NOW + later)


def test_beats_go_on_after_an_edit_of_the_queue_as_if_there_had_been_none() -> None:
    before = playing()
    before = observe(before, beat(before))
    after = edited(before)
    old = beat(before, seq=2, position_ms=15_000, beat_at_ms=NOW + 15_000)
    held = observe(after, old)
    assert (held.position_ms, held.heard_ms) == (10_000, before.heard_ms)
    assert held.last_beat_at_ms == NOW + 15_000
    heard = [
        observe(state, beat(state, seq=3, position_ms=40_000, position_at_ms=NOW + 40_000))
        for state in (held, before)
    ]
    assert {(one.position_ms, one.heard_ms) for one in heard} == {(40_000, 40_000)}


def test_a_device_that_stands_still_does_so_after_an_edit_of_the_queue() -> None:
    state = playing()
    still = edited(observe(state, beat(state, moving=False, position_ms=7_000)))
    assert still.position_at(NOW + 20_000) == 7_000


def test_a_device_that_beats_is_missed_35_seconds_after_its_session_began() -> None:
    state = playing(attended=True)
    limit = NOW + SILENCE_PLAYING_MS
    assert derive_state(state, TELLING, limit - 1).status is Status.PLAYING
    over = derive_state(state, TELLING, limit)
    assert (over.ended_by, over.position_ms, over.heard_ms) == (EndReason.EXPIRED, 0, 0)
    assert not play_of(over, over.position_at_ms).counted


def test_a_command_is_the_last_sign_of_life_of_a_device_that_never_beat() -> None:
    state = seek(playing(attended=True), 90_000, NOW + 20_000)
    limit = NOW + 20_000 + SILENCE_PLAYING_MS
    assert derive_state(state, TELLING, limit - 1).status is Status.PLAYING
    over = derive_state(state, TELLING, limit)
    assert (over.status, over.position_ms, over.heard_ms) == (Status.STOPPED, 90_000, 20_000)


def test_a_device_stays_one_that_beats_over_its_tracks() -> None:
    start = Start("next", TRACK, ASSET)
    assert move_on(playing(attended=True), start, NOW).attended
    assert not move_on(playing(), start, NOW).attended
