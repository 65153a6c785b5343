"""Edits of the user queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from play_queue_desk import Desk, track, ulid

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from playback_svc.domain import play_queue as playing
from playback_svc.domain.listing import Listing
from playback_svc.domain.play_queue import MOST_QUEUED, PlayQueue


def test_tracks_are_queued_next_last_or_instead_and_get_item_ids_of_their_own() -> None:
    desk = Desk(0)
    desk.enqueue(50)
    queue = playing.queue_last(desk.queue, [track(51), track(51)], new_id=desk.new_id)
    desk.queue = playing.queue_next(queue, [track(52), track(53)], new_id=desk.new_id)
    assert desk.queued() == [52, 53, 50, 51, 51]
    assert len({e.item_id for e in Listing(desk.queue.queued).slice(0)}) == 5
    desk.queue = playing.replace_queue(desk.queue, [track(54)], new_id=desk.new_id)
    assert desk.queued() == [54]
    assert not playing.replace_queue(desk.queue, [], new_id=desk.new_id).queued


@pytest.mark.parametrize("edit", [playing.queue_next, playing.queue_last])
def test_a_full_queue_takes_no_more(edit: Callable[..., PlayQueue]) -> None:
    desk = Desk(0)
    full = edit(desk.queue, [track(1)] * MOST_QUEUED, new_id=desk.new_id)
    assert len(full.queued) == MOST_QUEUED * 32
    for refuse in (edit, playing.replace_queue):
        with pytest.raises(FailedPrecondition) as refused:
            refuse(full, [track(1)] * (MOST_QUEUED + 1), new_id=desk.new_id)
        assert (refused.value.reason, refused.value.metadata) == ("QUEUE_FULL", {"limit": "500"})
    with pytest.raises(FailedPrecondition):
        edit(full, [track(1)], new_id=desk.new_id)


def test_items_leave_the_queue() -> None:
    desk = Desk(0)
    items = desk.enqueue(50, 51, 52, 50)
    desk.queue = playing.remove_queued(desk.queue, [items[3], items[1], items[1]])
    assert desk.queued() == [50, 52]


@pytest.mark.parametrize(
    ("moved", "before", "expected"),
    [
        ([0], 3, [1, 2, 0, 3]),
        ([3, 1], 0, [3, 1, 0, 2]),
        ([0, 2], None, [1, 3, 0, 2]),
        ([1], 2, [0, 1, 2, 3]),
        ([], 2, [0, 1, 2, 3]),
    ],
)
def test_items_move_before_another_or_to_the_end(
    moved: list[int], before: int | None, expected: list[int]
) -> None:
    desk = Desk(0)
    items = desk.enqueue(0, 1, 2, 3)
    anchor = None if before is None else items[before]
    desk.queue = playing.move_queued(desk.queue, [items[at] for at in moved], anchor)
    assert desk.queued() == expected


def test_an_item_does_not_move_before_itself() -> None:
    desk = Desk(0)
    items = desk.enqueue(0, 1)
    with pytest.raises(InvalidArgument):
        playing.move_queued(desk.queue, items, items[0])


def test_items_that_are_not_in_the_queue_are_named() -> None:
    desk = Desk(0)
    known, unknown = desk.enqueue(0)[0], ulid(77)
    edits: list[Callable[[], PlayQueue]] = [
        lambda: playing.remove_queued(desk.queue, [known, unknown]),
        lambda: playing.move_queued(desk.queue, [unknown], known),
        lambda: playing.move_queued(desk.queue, [known], unknown),
    ]
    for edit in edits:
        with pytest.raises(NotFound) as refused:
            edit()
        assert refused.value.metadata == {"resource": "queue_item", "id": unknown}
