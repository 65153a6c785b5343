"""What plays next, case by case."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from play_queue_rig import Rig, entry, ulid

from meshkit.faults import FailedPrecondition
from playback_svc.domain import play_queue as playing
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Blobs, Context, Origin, PlayQueue, Repeat


def test_a_context_plays_from_its_start_to_its_end() -> None:
    rig = Rig(3)
    assert [rig.begin(), rig.on(ended=True), rig.on(), rig.on(), rig.on(ended=True)] == [
        0,
        1,
        2,
        None,
        None,
    ]
    assert rig.queue.origin is Origin.CONTEXT
    assert rig.queue.item_id == entry(2).item_id
    assert rig.queue.context == Context(ContextKind.ALBUM, ulid(5), ulid(6), 3, cursor=2)


def test_a_context_begins_where_it_is_told_to() -> None:
    rig = Rig(4)
    assert [rig.begin(2), rig.on(), rig.on()] == [2, 3, None]


@pytest.mark.parametrize("start", [-1, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_start_outside_of_the_context_is_refused(start: int, shuffle: bool) -> None:
    with pytest.raises(IndexError):
        Rig(3).begin(start, shuffle=shuffle)


def test_an_empty_context_is_refused() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        Rig(0).begin()
    assert refused.value.reason == "CONTEXT_EMPTY"


def test_a_new_context_keeps_queue_shuffle_and_repeat_unless_told() -> None:
    rig = Rig(5)
    rig.enqueue(50)
    rig.shuffle(True)
    rig.repeat(Repeat.CONTEXT)
    rig.begin(3)
    assert rig.playing == 3
    assert (rig.queue.shuffle, rig.queue.repeat, rig.queued()) == (True, Repeat.CONTEXT, [50])
    rig.begin(2, shuffle=False, repeat=Repeat.TRACK)
    assert (rig.queue.shuffle, rig.queue.repeat, rig.queued()) == (False, Repeat.TRACK, [50])
    assert rig.queue.context is not None
    assert rig.queue.context.order_id is None


def test_the_first_context_of_a_player_has_neither_shuffle_nor_repeat() -> None:
    rig = Rig(2)
    step = playing.begin(
        None,
        ContextKind.TRACKS,
        "",
        ulid(6),
        rig.listing,
        rng=rig.rng,
        new_id=rig.new_id,
    )
    assert step.entry == entry(0)
    assert step.stored is None
    assert (step.queue.shuffle, step.queue.repeat) == (False, Repeat.OFF)


def test_a_shuffled_context_without_a_start_begins_anywhere() -> None:
    assert {Rig(4, seed).begin(shuffle=True) for seed in range(60)} == {0, 1, 2, 3}


def test_the_user_queue_plays_before_the_context_goes_on() -> None:
    rig = Rig(3)
    rig.begin()
    items = rig.enqueue(50, 51)
    assert rig.on() == 50
    assert (rig.queue.origin, rig.queue.item_id) == (Origin.QUEUE, items[0])
    assert [rig.on(ended=True), rig.on(), rig.queue.origin] == [51, 1, Origin.CONTEXT]


def test_a_single_track_is_followed_by_the_user_queue_alone() -> None:
    rig = Rig(0)
    rig.enqueue(50)
    rig.repeat(Repeat.CONTEXT)
    assert [rig.on(), rig.on(), rig.on(ended=True)] == [50, None, None]


def test_a_repeated_track_comes_again_when_it_ends_and_not_when_it_is_skipped() -> None:
    rig = Rig(2)
    rig.begin()
    rig.enqueue(50)
    rig.repeat(Repeat.TRACK)
    before = rig.queue
    assert rig.on(ended=True) == 0
    assert rig.queue == before
    assert [rig.on(), rig.on(ended=True), rig.on(), rig.on(ended=True)] == [50, 50, 1, 1]
    assert rig.on() is None


def test_a_repeated_context_begins_anew() -> None:
    rig = Rig(2)
    rig.begin(repeat=Repeat.CONTEXT)
    assert [rig.on(), rig.on(), rig.on(ended=True)] == [1, 0, 1]


@pytest.mark.parametrize("seed", range(30))
def test_a_repeated_shuffle_plays_all_each_turn_and_never_one_twice_in_a_row(seed: int) -> None:
    rig = Rig(4, seed)
    heard = [rig.begin(shuffle=True, repeat=Repeat.CONTEXT)]
    heard += [rig.on() or 0 for _ in range(19)]
    turns = [heard[at : at + 4] for at in range(0, 20, 4)]
    assert all(sorted(turn) == [0, 1, 2, 3] for turn in turns)
    assert all(one != other for one, other in pairwise(heard))
    assert len({tuple(turn) for turn in turns}) > 1
    assert len(rig.orders) == 5


def test_the_turns_of_a_repeated_shuffle_keep_artists_apart() -> None:
    artists = [b"a", b"b"] * 5
    rig = Rig(10, artists=artists)
    heard = [rig.begin(shuffle=True, repeat=Repeat.CONTEXT)]
    heard += [rig.on() or 0 for _ in range(19)]
    names = [artists[number] for number in heard[10:]]
    assert all(one != other for one, other in pairwise(names))


def test_a_repeated_shuffle_of_one_track_plays_it_again() -> None:
    rig = Rig(1)
    assert [rig.begin(shuffle=True, repeat=Repeat.CONTEXT), rig.on(), rig.on()] == [0, 0, 0]


def test_only_the_end_of_a_repeated_shuffle_begins_a_new_turn() -> None:
    rig = Rig(2)
    rig.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert not playing.begins_new_turn(rig.queue)
    rig.on()
    assert playing.begins_new_turn(rig.queue)
    assert not playing.begins_new_turn(playing.with_repeat(rig.queue, Repeat.OFF))
    assert not playing.begins_new_turn(playing.with_repeat(rig.queue, Repeat.TRACK))
    rig.enqueue(50)
    assert not playing.begins_new_turn(rig.queue)
    assert not playing.begins_new_turn(PlayQueue(repeat=Repeat.CONTEXT, shuffle=True))
    rig.begin(1, shuffle=False)
    assert not playing.begins_new_turn(replace(rig.queue, queued=b""))


@pytest.mark.parametrize(("position_ms", "expected"), [(0, 1), (3_000, 1), (3_001, 2)])
def test_going_back_restarts_a_track_beyond_three_seconds(position_ms: int, expected: int) -> None:
    rig = Rig(4)
    rig.begin(2)
    assert rig.back(position_ms) == expected
    assert rig.on() == expected + 1


def test_nothing_comes_before_the_first() -> None:
    rig = Rig(3)
    rig.begin()
    assert [rig.back(), rig.on()] == [0, 1]
    shuffled = Rig(3)
    first = shuffled.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert shuffled.back() == first


def test_the_last_comes_before_the_first_of_a_repeated_context() -> None:
    rig = Rig(3)
    rig.begin(repeat=Repeat.CONTEXT)
    assert [rig.back(), rig.back(), rig.on()] == [2, 1, 2]


def test_going_back_from_the_queue_leads_to_the_context_s_track_that_played_last() -> None:
    rig = Rig(3)
    rig.begin(1)
    rig.enqueue(50, 51)
    rig.on()
    assert [rig.back(3_001), rig.back(), rig.queue.origin] == [50, 1, Origin.CONTEXT]
    assert [rig.on(), rig.on()] == [51, 2]


def test_going_back_without_a_context_restarts() -> None:
    rig = Rig(0)
    assert rig.back() == rig.playing
    assert rig.queue.origin is Origin.SINGLE
    rig.enqueue(50)
    rig.on()
    assert [rig.back(), rig.queue.origin] == [50, Origin.QUEUE]


@pytest.mark.parametrize("seed", range(10))
def test_shuffle_switched_on_plays_all_others_behind_the_current_once(seed: int) -> None:
    rig = Rig(6, seed)
    rig.begin(3)
    rig.shuffle(True)
    assert sorted([3, *(rig.on() or 0 for _ in range(5))]) == [0, 1, 2, 3, 4, 5]
    assert rig.on() is None


@pytest.mark.parametrize("seed", range(10))
def test_shuffle_switched_off_goes_on_where_the_context_stands(seed: int) -> None:
    rig = Rig(6, seed)
    rig.begin(1)
    rig.shuffle(True)
    rig.on()
    stands = rig.playing
    rig.enqueue(50)
    rig.on()
    rig.shuffle(False)
    assert rig.cursor() == stands
    assert rig.coming() == list(range(stands + 1, 6))


def test_shuffle_switched_to_what_it_is_changes_nothing() -> None:
    rig = Rig(3)
    rig.begin()
    before = rig.queue
    rig.shuffle(False)
    assert rig.queue is before
    rig.shuffle(True)
    before = rig.queue
    rig.shuffle(True)
    assert rig.queue is before
    assert len(rig.orders) == 1


@pytest.mark.parametrize("off", [False, True])
def test_a_context_that_has_not_played_yet_begins_at_its_first_place(off: bool) -> None:
    rig = Rig(4)
    rig.queue = PlayQueue(context=Context(ContextKind.TRACKS, "", ulid(6), 4))
    rig.shuffle(True)
    if off:
        rig.shuffle(False)
        assert rig.coming() == [0, 1, 2, 3]
    assert rig.cursor() == -1
    assert sorted(rig.coming()) == [0, 1, 2, 3]
    assert rig.on() in range(4)
    assert rig.cursor() == 0


def test_a_repeated_context_is_to_come_around_once() -> None:
    rig = Rig(4)
    rig.begin(2, repeat=Repeat.CONTEXT)
    rig.enqueue(50, 51)
    assert rig.coming() == [50, 51, 3, 0, 1, 2]
    assert [rig.coming(offset, 2) for offset in range(0, 8, 2)] == [[50, 51], [3, 0], [1, 2], []]
    assert rig.coming(1, 2) == [51, 3]
    assert playing.remaining(rig.queue) == 6


def test_only_this_turn_of_a_repeated_shuffle_is_known() -> None:
    rig = Rig(4)
    rig.begin(shuffle=True, repeat=Repeat.CONTEXT)
    assert len(rig.coming()) == playing.remaining(rig.queue) == 3


def test_what_the_context_names_must_be_given() -> None:
    rig = Rig(2)
    rig.begin(shuffle=True)
    assert rig.queue.context is not None
    for blobs in (Blobs(None, rig.blobs.order), Blobs(rig.listing, None)):
        with pytest.raises(ValueError, match="was not given"):
            playing.upcoming(rig.queue, blobs, offset=0, limit=1)
