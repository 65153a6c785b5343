"""Edits of the user queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from play_queue_desk import Desk, track, ulid

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from playback_svc.domain import play_queue as playing
from playback_svc.domain import queue_edits as editing
from playback_svc.domain.listing import Listing
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import PlayQueue, Repeat
from playback_svc.domain.queue_edits import MOST_QUEUED


def test_tracks_are_queued_next_last_or_instead_and_get_item_ids_of_their_own() -> None:
    desk = Desk(0)
    desk.enqueue(50)
    queue = editing.queue_last(desk.queue, [track(51), track(51)], new_id=desk.new_id)
    desk.queue = editing.queue_next(queue, [track(52), track(53)], new_id=desk.new_id)
    assert desk.queued() == [52, 53, 50, 51, 51]
    assert len({e.item_id for e in Listing(desk.queue.queued).slice(0)}) == 5
    desk.queue = editing.replace_queue(desk.queue, [track(54)], new_id=desk.new_id)
    assert desk.queued() == [54]
    assert not editing.replace_queue(desk.queue, [], new_id=desk.new_id).queued


@pytest.mark.parametrize("edit", [editing.queue_next, editing.queue_last])
def test_a_full_queue_takes_no_more(edit: Callable[..., PlayQueue]) -> None:
    desk = Desk(0)
    full = edit(desk.queue, [track(1)] * MOST_QUEUED, new_id=desk.new_id)
    assert len(full.queued) == MOST_QUEUED * 32
    for refuse in (edit, editing.replace_queue):
        with pytest.raises(FailedPrecondition) as refused:
            refuse(full, [track(1)] * (MOST_QUEUED + 1), new_id=desk.new_id)
        assert (refused.value.reason, refused.value.metadata) == ("QUEUE_FULL", {"limit": "500"})
    with pytest.raises(FailedPrecondition):
        edit(full, [track(1)], new_id=desk.new_id)


def test_items_leave_the_queue() -> None:
    desk = Desk(0)
    items = desk.enqueue(50, 51, 52, 50)
    desk.queue = editing.remove_queued(desk.queue, [items[3], items[1], items[1]])
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
    desk.queue = editing.move_queued(desk.queue, [items[at] for at in moved], anchor)
    assert desk.queued() == expected


def test_an_item_does_not_move_before_itself() -> None:
    desk = Desk(0)
    items = desk.enqueue(0, 1)
    with pytest.raises(InvalidArgument):
        editing.move_queued(desk.queue, items, items[0])


def test_items_that_are_not_in_the_queue_are_named() -> None:
    desk = Desk(0)
    known, unknown = desk.enqueue(0)[0], ulid(77)
    edits: list[Callable[[], PlayQueue]] = [
        lambda: editing.remove_queued(desk.queue, [known, unknown]),
        lambda: editing.move_queued(desk.queue, [unknown], known),
        lambda: editing.move_queued(desk.queue, [known], unknown),
    ]
    for edit in edits:
        with pytest.raises(NotFound) as refused:
            edit()
        assert refused.value.metadata == {"resource": "queue_item", "id": unknown}


ALBUM = PlayOrigin(ContextKind.ALBUM, ulid(7), ulid(8))
SHOWN = PlayOrigin(shown_id=ulid(9))


def origins_ahead(desk: Desk) -> list[PlayOrigin]:
    found = playing.upcoming(desk.queue, desk.blobs, offset=0, limit=100)
    return [playing.origin_ahead(desk.queue, one) for one in found]


def queue(desk: Desk, *numbers: int, origin: PlayOrigin = NOWHERE) -> list[str]:
    """The item ids of these tracks, now last in the queue."""
    desk.queue = editing.queue_last(
        desk.queue, map(track, numbers), new_id=desk.new_id, origin=origin
    )
    return [e.item_id for e in Listing(desk.queue.queued).slice(0)][-len(numbers) :]


def test_what_is_queued_keeps_its_origin_wherever_it_is_moved() -> None:
    desk = Desk(2)
    desk.begin()
    context = playing.context_origin(desk.queue)
    first, second = queue(desk, 50, 51, origin=ALBUM)
    (third,) = queue(desk, 52)
    desk.queue = editing.queue_next(desk.queue, [track(53)], new_id=desk.new_id, origin=SHOWN)
    assert origins_ahead(desk) == [SHOWN, ALBUM, ALBUM, NOWHERE, context]
    desk.queue = editing.move_queued(desk.queue, [third, second], None)
    assert origins_ahead(desk) == [SHOWN, ALBUM, NOWHERE, ALBUM, context]
    desk.queue = editing.remove_queued(desk.queue, [first])
    assert origins_ahead(desk) == [SHOWN, NOWHERE, ALBUM, context]
    assert len(desk.queue.origins) == 2


def test_what_plays_from_the_queue_came_from_where_it_was_queued_from() -> None:
    desk = Desk(2)
    desk.begin()
    context = playing.context_origin(desk.queue)
    queue(desk, 50, origin=ALBUM)
    queue(desk, 51)
    queue(desk, 52, origin=SHOWN)
    heard = []
    while desk.on() is not None:
        heard.append(playing.origin_of(desk.queue))
    assert heard == [ALBUM, NOWHERE, SHOWN, context]
    assert desk.queue.origins == {}


def test_what_plays_again_came_from_where_it_did_before() -> None:
    desk = Desk(2)
    desk.begin(repeat=Repeat.TRACK)
    queue(desk, 50, origin=ALBUM)
    desk.on()
    assert desk.on(ended=True) == 50
    assert playing.origin_of(desk.queue) == ALBUM
    desk.back(playing.RESTART_AFTER_MS + 1)
    assert playing.origin_of(desk.queue) == ALBUM


def test_another_queue_has_origins_of_its_own_alone() -> None:
    desk = Desk(0)
    queue(desk, 50, 51, origin=ALBUM)
    desk.queue = editing.replace_queue(
        desk.queue, [track(52), track(52)], new_id=desk.new_id, origin=SHOWN
    )
    assert origins_ahead(desk) == [SHOWN, SHOWN]
    assert set(desk.queue.origins.values()) == {SHOWN}
    desk.queue = editing.replace_queue(desk.queue, [], new_id=desk.new_id, origin=ALBUM)
    assert desk.queue == PlayQueue()
