"""What plays next, case by case."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from play_queue_desk import Desk, entry, ulid

from meshkit.faults import FailedPrecondition
from playback_svc.domain import play_queue as playing
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Blobs, Context, Origin, PlayQueue, Repeat


def test_a_context_plays_from_its_start_to_its_end() -> None:
    desk = Desk(3)
    assert [desk.begin(), desk.on(ended=True), desk.on(), desk.on(), desk.on(ended=True)] == [
        0,
        1,
        2,
        None,
        None,
    ]
    assert desk.queue.origin is Origin.CONTEXT
    assert desk.queue.item_id == entry(2).item_id
    assert desk.queue.context == Context(ContextKind.ALBUM, ulid(5), ulid(6), 3, cursor=2)


def test_a_context_begins_where_it_is_told_to() -> None:
    desk = Desk(4)
    assert [desk.begin(2), desk.on(), desk.on()] == [2, 3, None]


@pytest.mark.parametrize("start", [-1, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_start_outside_of_the_context_is_refused(start: int, shuffle: bool) -> None:
    with pytest.raises(IndexError):
        Desk(3).begin(start, shuffle=shuffle)


def test_an_empty_context_is_refused() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        Desk(0).begin()
    assert refused.value.reason == "CONTEXT_EMPTY"


def test_a_new_context_keeps_queue_shuffle_and_repeat_unless_told() -> None:
    desk = Desk(5)
    desk.enqueue(50)
    desk.shuffle(True)
    desk.repeat(Repeat.CONTEXT)
    desk.begin(3)
    assert desk.playing == 3
    assert (desk.queue.shuffle, desk.queue.repeat, desk.queued()) == (True, Repeat.CONTEXT, [50])
    desk.begin(2, shuffle=False, repeat=Repeat.TRACK)
    assert (desk.queue.shuffle, desk.queue.repeat, desk.queued()) == (False, Repeat.TRACK, [50])
    assert desk.queue.context is not None
    assert desk.queue.context.order_id is None


def test_the_first_context_of_a_player_has_neither_shuffle_nor_repeat() -> None:
    desk = Desk(2)
    step = playing.begin(
        None,
        ContextKind.TRACKS,
        "",
        ulid(6),
        desk.listing,
        rng=desk.rng,
        new_id=desk.new_id,
    )
    assert step.entry == entry(0)
    assert step.stored is None
    assert (step.queue.shuffle, step.queue.repeat) == (False, Repeat.OFF)


def test_a_shuffled_context_without_a_start_begins_anywhere() -> None:
    assert {Desk(4, seed).begin(shuffle=True) for seed in range(60)} == {0, 1, 2, 3}


def test_the_user_queue_plays_before_the_context_goes_on() -> None:
    desk = Desk(3)
    desk.begin()
    items = desk.enqueue(50, 51)
    assert desk.on() == 50
    assert (desk.queue.origin, desk.queue.item_id) == (Origin.QUEUE, items[0])
    assert [desk.on(ended=True), desk.on(), desk.queue.origin] == [51, 1, Origin.CONTEXT]


def test_a_single_track_is_followed_by_the_user_queue_alone() -> None:
    desk = Desk(0)
    desk.enqueue(50)
    desk.repeat(Repeat.CONTEXT)
    assert [desk.on(), desk.on(), desk.on(ended=True)] == [50, None, None]


def test_a_repeated_track_comes_again_when_it_ends_and_not_when_it_is_skipped() -> None:
    desk = Desk(2)
    desk.begin()
    desk.enqueue(50)
    desk.repeat(Repeat.TRACK)
    before = desk.queue
    assert desk.on(ended=True) == 0
    assert desk.queue == before
    assert [desk.on(), desk.on(ended=True), desk.on(), desk.on(ended=True)] == [50, 50, 1, 1]
    assert desk.on() is None


def test_a_repeated_context_begins_anew() -> None:
    desk = Desk(2)
    desk.begin(repeat=Repeat.CONTEXT)
    assert [desk.on(), desk.on(), desk.on(ended=True)] == [1, 0, 1]


@pytest.mark.parametrize("seed", range(30))
def test_a_repeated_shuffle_plays_all_each_turn_and_never_one_twice_in_a_row(seed: int) -> None:
    desk = Desk(4, seed)
    heard = [desk.begin(shuffle=True, repeat=Repeat.CONTEXT)]
    heard += [desk.on() or 0 for _ in range(19)]
    turns = [heard[at : at + 4] for at in range(0, 20, 4)]
    assert all(sorted(turn) == [0, 1, 2, 3] for turn in turns)
    assert all(one != other for one, other in pairwise(heard))
    assert len({tuple(turn) for turn in turns}) > 1
    assert len(desk.orders) == 5


def test_the_turns_of_a_repeated_shuffle_keep_artists_apart() -> None:
    artists = [b"a", b"b"] * 5
    desk = Desk(10, artists=artists)
    heard = [desk.begin(shuffle=True, repeat=Repeat.CONTEXT)]
    heard += [desk.on() or 0 for _ in range(19)]
    names = [artists[number] for number in heard[10:]]
    assert all(one != other for one, other in pairwise(names))


def test_a_repeated_shuffle_of_one_track_plays_it_again() -> None:
    desk = Desk(1)
    assert [desk.begin(shuffle=True, repeat=Repeat.CONTEXT), desk.on(), desk.on()] == [0, 0, 0]


def test_only_the_end_of_a_repeated_shuffle_begins_a_new_turn() -> None:
    desk = Desk(2)
    desk.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert not playing.begins_new_turn(desk.queue)
    desk.on()
    assert playing.begins_new_turn(desk.queue)
    assert not playing.begins_new_turn(playing.with_repeat(desk.queue, Repeat.OFF))
    assert not playing.begins_new_turn(playing.with_repeat(desk.queue, Repeat.TRACK))
    desk.enqueue(50)
    assert not playing.begins_new_turn(desk.queue)
    assert not playing.begins_new_turn(PlayQueue(repeat=Repeat.CONTEXT, shuffle=True))
    desk.begin(1, shuffle=False)
    assert not playing.begins_new_turn(replace(desk.queue, queued=b""))


@pytest.mark.parametrize(("position_ms", "expected"), [(0, 1), (3_000, 1), (3_001, 2)])
def test_going_back_restarts_a_track_beyond_three_seconds(position_ms: int, expected: int) -> None:
    desk = Desk(4)
    desk.begin(2)
    assert desk.back(position_ms) == expected
    assert desk.on() == expected + 1


def test_nothing_comes_before_the_first() -> None:
    desk = Desk(3)
    desk.begin()
    assert [desk.back(), desk.on()] == [0, 1]
    shuffled = Desk(3)
    first = shuffled.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert shuffled.back() == first


def test_the_last_comes_before_the_first_of_a_repeated_context() -> None:
    desk = Desk(3)
    desk.begin(repeat=Repeat.CONTEXT)
    assert [desk.back(), desk.back(), desk.on()] == [2, 1, 2]


def test_going_back_from_the_queue_leads_to_the_context_s_track_that_played_last() -> None:
    desk = Desk(3)
    desk.begin(1)
    desk.enqueue(50, 51)
    desk.on()
    assert [desk.back(3_001), desk.back(), desk.queue.origin] == [50, 1, Origin.CONTEXT]
    assert [desk.on(), desk.on()] == [51, 2]


def test_going_back_without_a_context_restarts() -> None:
    desk = Desk(0)
    assert desk.back() == desk.playing
    assert desk.queue.origin is Origin.SINGLE
    desk.enqueue(50)
    desk.on()
    assert [desk.back(), desk.queue.origin] == [50, Origin.QUEUE]


@pytest.mark.parametrize("seed", range(10))
def test_shuffle_switched_on_plays_all_others_behind_the_current_once(seed: int) -> None:
    desk = Desk(6, seed)
    desk.begin(3)
    desk.shuffle(True)
    assert sorted([3, *(desk.on() or 0 for _ in range(5))]) == [0, 1, 2, 3, 4, 5]
    assert desk.on() is None


@pytest.mark.parametrize("seed", range(10))
def test_shuffle_switched_off_goes_on_where_the_context_stands(seed: int) -> None:
    desk = Desk(6, seed)
    desk.begin(1)
    desk.shuffle(True)
    desk.on()
    stands = desk.playing
    desk.enqueue(50)
    desk.on()
    desk.shuffle(False)
    assert desk.cursor() == stands
    assert desk.coming() == list(range(stands + 1, 6))


def test_shuffle_switched_to_what_it_is_changes_nothing() -> None:
    desk = Desk(3)
    desk.begin()
    before = desk.queue
    desk.shuffle(False)
    assert desk.queue is before
    desk.shuffle(True)
    before = desk.queue
    desk.shuffle(True)
    assert desk.queue is before
    assert len(desk.orders) == 1


@pytest.mark.parametrize("off", [False, True])
def test_a_context_that_has_not_played_yet_begins_at_its_first_place(off: bool) -> None:
    desk = Desk(4)
    desk.queue = PlayQueue(context=Context(ContextKind.TRACKS, "", ulid(6), 4))
    desk.shuffle(True)
    if off:
        desk.shuffle(False)
        assert desk.coming() == [0, 1, 2, 3]
    assert desk.cursor() == -1
    assert sorted(desk.coming()) == [0, 1, 2, 3]
    assert desk.on() in range(4)
    assert desk.cursor() == 0


def test_a_repeated_context_is_to_come_around_once() -> None:
    desk = Desk(4)
    desk.begin(2, repeat=Repeat.CONTEXT)
    desk.enqueue(50, 51)
    assert desk.coming() == [50, 51, 3, 0, 1, 2]
    assert [desk.coming(offset, 2) for offset in range(0, 8, 2)] == [[50, 51], [3, 0], [1, 2], []]
    assert desk.coming(1, 2) == [51, 3]
    assert playing.remaining(desk.queue) == 6


def test_only_this_turn_of_a_repeated_shuffle_is_known() -> None:
    desk = Desk(4)
    desk.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert len(desk.coming()) == playing.remaining(desk.queue) == 3


def test_what_the_context_names_must_be_given() -> None:
    desk = Desk(2)
    desk.begin(shuffle=True)
    assert desk.queue.context is not None
    for blobs in (Blobs(None, desk.blobs.order), Blobs(desk.listing, None)):
        with pytest.raises(ValueError, match="was not given"):
            playing.upcoming(desk.queue, blobs, offset=0, limit=1)
