"""A radio as what is played from: its blocks, its lists, what a refill cuts."""

from __future__ import annotations

from random import Random

import pytest

from meshkit.faults import FailedPrecondition
from playback_svc.adapters.postgres.rows import queue_document, queue_of
from playback_svc.domain import play_queue as playing
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.domain.play_queue import Blobs, PlayQueue, Repeat
from playback_svc.domain.radio import REACH_BACK, REFILL_AT, first_block
from playback_svc.domain.radio_refill import (
    NextBlock,
    append_block,
    next_block,
    shown_ids,
    wants_refill,
)
from tests.unit.playback.play_queue_rig import track, ulid

RADIO, PLAYING = ulid(1), ulid(2)
LISTS = [ulid(100 + number) for number in range(20)]
SIZE = 20


class Station:
    """A radio of numbered tracks, played by hand."""

    def __init__(self, before: PlayQueue | None = None, **options: object) -> None:
        self.listing = Listing.of(Entry(track(number)) for number in range(SIZE))
        self.blocks = 1
        step = playing.begin(
            before,
            ContextKind.RADIO,
            RADIO,
            ulid(50),
            self.listing,
            radio=first_block(PLAYING, LISTS[0], SIZE),
            rng=Random(1),
            new_id=lambda: ulid(51),
            **options,  # type: ignore[arg-type]
        )
        self.queue, self.entry = step.queue, step.entry

    @property
    def blobs(self) -> Blobs:
        return Blobs(self.listing)

    def on(self, *, ended: bool = False) -> bool:
        step = playing.after(
            self.queue,
            self.blobs,
            ended=ended,
            current=self.entry,
            rng=Random(1),
            new_id=lambda: ulid(51),
        )
        if step is not None:
            self.queue, self.entry = step.queue, step.entry
        return step is not None

    def back(self) -> bool:
        """Whether going back leads to another track."""
        step = playing.before(self.queue, self.blobs, position_ms=0, current=self.entry)
        moved = step.entry != self.entry
        self.queue, self.entry = step.queue, step.entry
        return moved

    def refill(self, count: int = SIZE) -> None:
        number = SIZE * self.blocks
        self.queue, self.listing = append_block(
            self.queue,
            self.listing,
            track_ids=[track(number + each) for each in range(count)],
            shown_id=LISTS[self.blocks],
            listing_id=ulid(60 + self.blocks),
        )
        self.blocks += 1

    def listen(self, tracks: int) -> None:
        """On over so many tracks, as a listener goes who is given each block in time."""
        for _ in range(tracks):
            if wants_refill(self.queue):
                self.refill()
            assert self.on()

    def ahead(self) -> list[PlayOrigin]:
        found = playing.upcoming(self.queue, self.blobs, offset=0, limit=500)
        return [one.came_from for one in found]


def origin(number: int) -> PlayOrigin:
    return PlayOrigin(ContextKind.RADIO, RADIO, LISTS[number])


def test_a_block_is_wanted_when_five_tracks_are_left_and_not_before() -> None:
    station = Station()
    for _ in range(SIZE - REFILL_AT - 2):
        assert station.on()
    assert playing.remaining(station.queue) == REFILL_AT + 1
    assert not wants_refill(station.queue)
    assert station.on()
    assert playing.remaining(station.queue) == REFILL_AT
    assert wants_refill(station.queue)
    assert next_block(station.queue) == NextBlock(RADIO, PLAYING, 2)
    station.refill()
    assert not wants_refill(station.queue)
    assert next_block(station.queue) == NextBlock(RADIO, PLAYING, 3)


def test_what_is_no_radio_wants_no_block() -> None:
    assert next_block(PlayQueue()) is None
    assert not wants_refill(PlayQueue())
    assert shown_ids(PlayQueue()) == frozenset()
    with pytest.raises(ValueError, match="no radio"):
        append_block(PlayQueue(), Listing(), track_ids=[], shown_id="", listing_id="")


def test_every_track_of_a_long_radio_comes_once_and_in_order() -> None:
    station, heard = Station(), [track(0)]
    for _ in range(12 * SIZE):
        station.listen(1)
        heard.append(station.entry.track_id)
    assert heard == [track(number) for number in range(12 * SIZE + 1)]


def test_a_play_names_the_list_of_its_own_block() -> None:
    station = Station()
    station.listen(SIZE - 1)
    assert playing.origin_of(station.queue) == origin(0)
    assert station.ahead() == [origin(1)] * SIZE
    station.listen(1)
    assert playing.origin_of(station.queue) == origin(1)
    assert shown_ids(station.queue) == {LISTS[0], LISTS[1]}


def test_a_radio_stays_as_long_as_what_one_can_go_back_to_and_what_comes() -> None:
    station = Station()
    for _ in range(12 * SIZE):
        station.listen(1)
        context = station.queue.context
        assert context is not None
        assert context.size == len(station.listing)
        assert context.size <= REACH_BACK + 1 + REFILL_AT + 2 * SIZE
        assert sum(block.size for block in context.radio.blocks) == context.size
    assert context.radio.cut_count + context.cursor == 12 * SIZE


def test_going_back_leads_over_a_cut_as_far_as_is_kept() -> None:
    station = Station()
    station.listen(SIZE * 8 + SIZE - REFILL_AT - 1)
    assert wants_refill(station.queue)
    station.refill()
    here = _number(station)
    went = 0
    while station.back():
        went += 1
        assert _number(station) == here - went
    assert went == REACH_BACK
    assert playing.origin_of(station.queue) == origin((here - went) // SIZE)


def _number(station: Station) -> int:
    return next(n for n in range(SIZE * 20) if track(n) == station.entry.track_id)


def test_a_short_block_is_wanted_again_at_once_and_an_ended_radio_ends() -> None:
    station = Station()
    for _ in range(SIZE - 1):
        assert station.on()
    station.refill(3)
    assert wants_refill(station.queue)
    for _ in range(3):
        assert station.on(ended=True)
    assert not station.on(ended=True)


@pytest.mark.parametrize(
    ("options", "setting"), [({"shuffle": True}, "shuffle"), ({"repeat": Repeat.CONTEXT}, "repeat")]
)
def test_a_radio_cannot_begin_shuffled_or_repeated(
    options: dict[str, object], setting: str
) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        Station(**options)
    assert refused.value.reason == "NOT_IN_RADIO"
    assert refused.value.metadata == {"setting": setting}


@pytest.mark.parametrize(
    ("before", "after"),
    [(Repeat.CONTEXT, Repeat.OFF), (Repeat.TRACK, Repeat.TRACK), (Repeat.OFF, Repeat.OFF)],
)
def test_a_radio_switches_off_what_it_does_not_do(before: Repeat, after: Repeat) -> None:
    station = Station(PlayQueue(shuffle=True, repeat=before))
    assert (station.queue.shuffle, station.queue.repeat) == (False, after)
    assert station.entry.track_id == track(0)


def test_a_radio_is_not_shuffled_nor_repeated_while_it_plays() -> None:
    station = Station()
    for refused in (
        lambda: playing.with_repeat(station.queue, Repeat.CONTEXT),
        lambda: playing.with_shuffle(
            station.queue, station.blobs, on=True, rng=Random(1), new_id=lambda: ulid(9)
        ),
    ):
        with pytest.raises(FailedPrecondition) as fault:
            refused()
        assert fault.value.reason == "NOT_IN_RADIO"
    off, stored = playing.with_shuffle(
        station.queue, station.blobs, on=False, rng=Random(1), new_id=lambda: ulid(9)
    )
    assert (off, stored) == (station.queue, None)
    station.queue = playing.with_repeat(station.queue, Repeat.TRACK)
    first = station.entry
    assert station.on(ended=True)
    assert station.entry == first
    assert station.on()
    assert station.entry != first


def test_a_radio_is_kept_whole_and_what_was_kept_before_radios_is_read() -> None:
    station = Station()
    station.listen(SIZE * 5)
    document = queue_document(station.queue)
    assert queue_of(document) == station.queue
    album = PlayQueue(playing.Context(ContextKind.ALBUM, ulid(3), ulid(4), 7, 2, ulid(5)))
    document = queue_document(album)
    assert document["context"] == ["ALBUM", ulid(3), ulid(4), 7, 2, ulid(5)]
    assert queue_of(document) == album
