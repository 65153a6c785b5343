"""When the end of a track is no skip: it counts as played, or all that was left was heard."""

from __future__ import annotations

from dataclasses import replace

from playback_svc.domain.player_state import (
    Handover,
    PlayerState,
    Start,
    move_on,
    seek,
    stop,
    transfer,
)
from playback_svc.domain.plays import heard_enough, resume_position_ms
from tests.contracts.playback.samples import ASSET, NOW, TRACK, playing

END_MS = TRACK.duration_ms


def taken_up(state: PlayerState, now_ms: int) -> PlayerState:
    over = stop(state, now_ms)
    handover = Handover("next", "phone", ASSET, True, "again", resume_position_ms(over))
    return transfer(over, handover, now_ms)


def test_a_track_from_its_start_must_count() -> None:
    state = playing()
    assert not heard_enough(state, NOW + 29_999)
    assert heard_enough(state, NOW + 30_000)


def test_a_play_from_near_the_end_is_heard_out_and_no_skip() -> None:
    state = playing(position_ms=END_MS - 10_000)
    assert not heard_enough(state, NOW + 4_999)
    assert heard_enough(state, NOW + 5_000)


def test_to_go_to_the_end_is_no_way_to_hear_what_is_left() -> None:
    state = seek(playing(position_ms=END_MS - 20_000), END_MS, NOW + 1_000)
    assert not heard_enough(state, NOW + 60_000)


def test_what_was_heard_before_a_stop_need_not_be_heard_again() -> None:
    later = NOW + END_MS - 10_000
    again = taken_up(playing(), later)
    assert again.heard_ms == 0
    assert not heard_enough(again, later + 4_000)
    assert heard_enough(again, later + 6_000)


def test_a_stop_at_the_end_that_nobody_heard_is_no_way_around() -> None:
    sought = seek(playing(), END_MS, NOW + 1_000)
    again = taken_up(sought, NOW + 2_000)
    assert again.begun_ms == 1_000
    assert not heard_enough(again, NOW + 60_000)
    assert not heard_enough(taken_up(again, NOW + 3_000), NOW + 60_000)


def test_what_counted_before_a_stop_may_be_left_out() -> None:
    sought = seek(playing(), END_MS - 8_000, NOW + 40_000)
    again = taken_up(sought, NOW + 40_000)
    assert heard_enough(again, NOW + 43_000)


def test_another_track_and_another_device_begin_with_what_they_are() -> None:
    state = playing(position_ms=END_MS - 10_000)
    assert move_on(state, Start("next", TRACK, ASSET), NOW).begun_ms == 0
    goes_on = transfer(state, Handover("next", "phone", ASSET, True, "new"), NOW + 5_000)
    assert (goes_on.begun_ms, goes_on.heard_ms) == (END_MS - 10_000, 5_000)
    assert heard_enough(goes_on, NOW + 5_000)
    assert not heard_enough(replace(goes_on, begun_ms=0), NOW + 5_000)
