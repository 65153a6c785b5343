"""Long random use of a player's queue, beside a model of plain lists.

The model knows of a new shuffled order only what the contract says of it, checks that, and then
follows it.
"""

from __future__ import annotations

import struct
from random import Random

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from play_queue_rig import Rig, entry, track, ulid

from playback_svc.domain import play_queue as playing
from playback_svc.domain import queue_edits as editing
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Context, Origin, Repeat
from tests.profiles import examples

CAST = [b"a", b"b", b"c", b"a", b"b", b"d", b"a"]

sizes = st.integers(1, len(CAST))
tracks = st.lists(st.integers(50, 60), max_size=4)
places = st.integers(0, 1 << 16)


class Player(RuleBasedStateMachine):
    """``turn`` is the order of play as indices of the context, ``at`` the cursor in it."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(0)
        self.turn: list[int] = []
        self.at = -1
        self.shuffled = False
        self.repeat = Repeat.OFF
        self.queued: list[Entry] = []
        self.current = self.rig.current
        self.origin = Origin.SINGLE

    @initialize(seed=places)
    def arrive(self, seed: int) -> None:
        self.rig.rng = Random(seed)

    @rule(size=sizes, start=st.none() | places, shuffle=st.none() | st.booleans())
    def begin(self, size: int, start: int | None, shuffle: bool | None) -> None:
        start = None if start is None else start % size
        self.rig.listing = Listing.of([entry(number) for number in range(size)])
        self.rig.artists = CAST[:size]
        self.rig.begin(start, shuffle=shuffle)
        self.shuffled = self.shuffled if shuffle is None else shuffle
        self.turn = list(range(size))
        if self.shuffled:
            self.follow_new_order()
            self.play_context(0)
            assert start is None or self.turn[0] == start
        else:
            self.play_context(start or 0)

    @rule(ended=st.booleans())
    def move_on(self, ended: bool) -> None:
        orders = len(self.rig.orders)
        number = self.rig.on(ended=ended)
        new_order = False
        if ended and self.repeat is Repeat.TRACK:
            assert number is not None
        elif self.queued:
            self.current, self.origin = self.queued.pop(0), Origin.QUEUE
        elif self.at + 1 < len(self.turn):
            self.play_context(self.at + 1)
        elif self.turn and self.repeat is Repeat.CONTEXT:
            last, new_order = self.turn[-1], self.shuffled
            if new_order:
                self.follow_new_order()
                assert self.turn[0] != last or len(self.turn) == 1
            self.play_context(0)
        else:
            assert number is None
        assert len(self.rig.orders) == orders + new_order

    @rule(position_ms=st.sampled_from([0, 3_000, 3_001, 200_000]))
    def go_back(self, position_ms: int) -> None:
        self.rig.back(position_ms)
        if position_ms > 3_000 or not self.turn:
            return
        if self.origin is Origin.QUEUE:
            self.play_context(self.at)
        elif self.at > 0:
            self.play_context(self.at - 1)
        elif self.repeat is Repeat.CONTEXT and not self.shuffled:
            self.play_context(len(self.turn) - 1)

    @rule(on=st.booleans())
    def set_shuffle(self, on: bool) -> None:
        orders = len(self.rig.orders)
        self.rig.shuffle(on)
        if on != self.shuffled and self.turn:
            stands = self.turn[self.at]
            if on:
                self.follow_new_order()
                assert self.turn[0] == stands
                self.at, orders = 0, orders + 1
            else:
                self.turn, self.at = list(range(len(self.turn))), stands
        self.shuffled = on
        assert len(self.rig.orders) == orders

    @rule(repeat=st.sampled_from(Repeat))
    def set_repeat(self, repeat: Repeat) -> None:
        self.rig.repeat(repeat)
        self.repeat = repeat

    @rule(numbers=tracks)
    def queue_last(self, numbers: list[int]) -> None:
        edited = editing.queue_last(self.rig.queue, map(track, numbers), new_id=self.rig.new_id)
        self.queued += self.new_items(edited.queued[32 * len(self.queued) :], numbers)
        self.rig.queue = edited

    @rule(numbers=tracks)
    def queue_next(self, numbers: list[int]) -> None:
        edited = editing.queue_next(self.rig.queue, map(track, numbers), new_id=self.rig.new_id)
        self.queued[:0] = self.new_items(edited.queued[: 32 * len(numbers)], numbers)
        self.rig.queue = edited

    @rule(numbers=tracks)
    def replace_queue(self, numbers: list[int]) -> None:
        edited = editing.replace_queue(self.rig.queue, map(track, numbers), new_id=self.rig.new_id)
        self.queued = self.new_items(edited.queued, numbers)
        self.rig.queue = edited

    @precondition(lambda self: self.queued)
    @rule(chosen=st.lists(places, max_size=3))
    def remove(self, chosen: list[int]) -> None:
        gone = self.pick(chosen)
        self.rig.queue = editing.remove_queued(self.rig.queue, [e.item_id for e in gone])
        self.queued = [e for e in self.queued if e not in gone]

    @precondition(lambda self: self.queued)
    @rule(chosen=st.lists(places, max_size=3), before=st.none() | places)
    def move(self, chosen: list[int], before: int | None) -> None:
        moved = list(dict.fromkeys(self.pick(chosen)))
        rest = [e for e in self.queued if e not in moved]
        at = len(rest) if before is None or not rest else before % len(rest)
        anchor = rest[at].item_id if at < len(rest) else None
        self.rig.queue = editing.move_queued(self.rig.queue, [e.item_id for e in moved], anchor)
        self.queued = rest[:at] + moved + rest[at:]

    @rule(offset=st.integers(0, 12), limit=st.integers(0, 12))
    def look_ahead(self, offset: int, limit: int) -> None:
        found = playing.upcoming(self.rig.queue, self.rig.blobs, offset=offset, limit=limit)
        assert [(one.origin, one.entry) for one in found] == self.coming()[offset : offset + limit]

    @invariant()
    def the_queue_is_the_model_s(self) -> None:
        queue = self.rig.queue
        assert self.rig.current == self.current
        assert (queue.origin, queue.repeat, queue.shuffle) == (
            self.origin,
            self.repeat,
            self.shuffled,
        )
        assert self.origin is Origin.SINGLE or queue.item_id == self.current.item_id
        assert Listing(queue.queued).slice(0) == self.queued
        assert playing.remaining(queue) == len(self.coming())
        assert (queue.context is not None) is bool(self.turn)
        if queue.context is not None:
            assert (queue.context.size, queue.context.cursor) == (len(self.turn), self.at)
            assert (queue.context.order_id is not None) is self.shuffled

    def play_context(self, at: int) -> None:
        self.at, self.current, self.origin = at, entry(self.turn[at]), Origin.CONTEXT

    def follow_new_order(self) -> None:
        order = self.rig.blobs.order
        assert order is not None
        turn = list(struct.unpack(f">{len(order) // 2}H", order))
        assert sorted(turn) == list(range(len(self.turn)))
        self.turn = turn

    def new_items(self, packed: bytes, numbers: list[int]) -> list[Entry]:
        entries = Listing(packed).slice(0)
        assert [e.track_id for e in entries] == [track(number) for number in numbers]
        return entries

    def pick(self, chosen: list[int]) -> list[Entry]:
        return [self.queued[number % len(self.queued)] for number in chosen]

    def coming(self) -> list[tuple[Origin, Entry]]:
        rest = self.turn[self.at + 1 :]
        if self.repeat is Repeat.CONTEXT and not self.shuffled:
            rest = rest + self.turn[: self.at + 1]
        return [(Origin.QUEUE, e) for e in self.queued] + [
            (Origin.CONTEXT, entry(index)) for index in rest
        ]


TestPlayer = Player.TestCase
TestPlayer.settings = settings(max_examples=examples(80), stateful_step_count=50)


@given(
    size=sizes,
    start=places,
    seed=places,
    toggles=st.sets(st.integers(0, 6)),
    asides=st.sets(st.integers(0, 6)),
)
def test_a_shuffled_turn_repeats_nothing_before_all_were_played(
    size: int, start: int, seed: int, toggles: set[int], asides: set[int]
) -> None:
    rig = Rig(size, seed, CAST[:size])
    heard = [rig.begin(start % size, shuffle=True)]
    for step in range(size - 1):
        if step in asides:
            rig.enqueue(50)
            assert rig.on() == 50
        if step in toggles:
            # Off and on again begins a new turn, with what plays as its first.
            rig.shuffle(False)
            rig.shuffle(True)
            heard = heard[-1:]
        number = rig.on()
        assert number is not None
        heard.append(number)
        assert len(set(heard)) == len(heard)
    heard += iter(lambda: rig.on(ended=True), None)
    assert sorted(heard) == list(range(size))


@given(size=sizes, start=places, seed=places, repeat=st.sampled_from(Repeat))
def test_what_is_announced_is_what_skips_lead_to(
    size: int, start: int, seed: int, repeat: Repeat
) -> None:
    for shuffle in (False, True):
        rig = Rig(size, seed)
        rig.begin(start % size, shuffle=shuffle, repeat=repeat)
        rig.enqueue(50, 51)
        announced = rig.coming()
        assert [rig.on() for _ in announced] == announced
        assert (rig.on() is None) is (repeat is not Repeat.CONTEXT)


def test_a_context_keeps_what_it_was_begun_as_through_every_step() -> None:
    rig = Rig(3)
    rig.begin(shuffle=True, repeat=Repeat.CONTEXT)
    for _ in range(7):
        rig.on()
        rig.back()
    context = rig.queue.context
    assert isinstance(context, Context)
    assert (context.kind, context.source_id, context.listing_id) == (
        ContextKind.ALBUM,
        ulid(5),
        ulid(6),
    )
