"""Edits of the user queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from play_queue_rig import Rig, track, ulid

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from playback_svc.domain import play_queue as playing
from playback_svc.domain import queue_edits as editing
from playback_svc.domain.listing import Listing
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import PlayQueue, Repeat
from playback_svc.domain.queue_edits import MOST_QUEUED


def test_tracks_are_queued_next_last_or_instead_and_get_item_ids_of_their_own() -> None:
    rig = Rig(0)
    rig.enqueue(50)
    queue = editing.queue_last(rig.queue, [track(51), track(51)], new_id=rig.new_id)
    rig.queue = editing.queue_next(queue, [track(52), track(53)], new_id=rig.new_id)
    assert rig.queued() == [52, 53, 50, 51, 51]
    assert len({e.item_id for e in Listing(rig.queue.queued).slice(0)}) == 5
    rig.queue = editing.replace_queue(rig.queue, [track(54)], new_id=rig.new_id)
    assert rig.queued() == [54]
    assert not editing.replace_queue(rig.queue, [], new_id=rig.new_id).queued


@pytest.mark.parametrize("edit", [editing.queue_next, editing.queue_last])
def test_a_full_queue_takes_no_more(edit: Callable[..., PlayQueue]) -> None:
    rig = Rig(0)
    full = edit(rig.queue, [track(1)] * MOST_QUEUED, new_id=rig.new_id)
    assert len(full.queued) == MOST_QUEUED * 32
    for refuse in (edit, editing.replace_queue):
        with pytest.raises(FailedPrecondition) as refused:
            refuse(full, [track(1)] * (MOST_QUEUED + 1), new_id=rig.new_id)
        assert (refused.value.reason, refused.value.metadata) == ("QUEUE_FULL", {"limit": "500"})
    with pytest.raises(FailedPrecondition):
        edit(full, [track(1)], new_id=rig.new_id)


def test_items_leave_the_queue() -> None:
    rig = Rig(0)
    items = rig.enqueue(50, 51, 52, 50)
    rig.queue = editing.remove_queued(rig.queue, [items[3], items[1], items[1]])
    assert rig.queued() == [50, 52]


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
    rig = Rig(0)
    items = rig.enqueue(0, 1, 2, 3)
    anchor = None if before is None else items[before]
    rig.queue = editing.move_queued(rig.queue, [items[at] for at in moved], anchor)
    assert rig.queued() == expected


def test_an_item_does_not_move_before_itself() -> None:
    rig = Rig(0)
    items = rig.enqueue(0, 1)
    with pytest.raises(InvalidArgument):
        editing.move_queued(rig.queue, items, items[0])


def test_items_that_are_not_in_the_queue_are_named() -> None:
    rig = Rig(0)
    known, unknown = rig.enqueue(0)[0], ulid(77)
    edits: list[Callable[[], PlayQueue]] = [
        lambda: editing.remove_queued(rig.queue, [known, unknown]),
        lambda: editing.move_queued(rig.queue, [unknown], known),
        lambda: editing.move_queued(rig.queue, [known], unknown),
    ]
    for edit in edits:
        with pytest.raises(NotFound) as refused:
            edit()
        assert refused.value.metadata == {"resource": "queue_item", "id": unknown}


ALBUM = PlayOrigin(ContextKind.ALBUM, ulid(7), ulid(8))
SHOWN = PlayOrigin(shown_id=ulid(9))


def origins_ahead(rig: Rig) -> list[PlayOrigin]:
    found = playing.upcoming(rig.queue, rig.blobs, offset=0, limit=100)
    return [one.came_from for one in found]


def queue(rig: Rig, *numbers: int, origin: PlayOrigin = NOWHERE) -> list[str]:
    """The item ids of these tracks, now last in the queue."""
    rig.queue = editing.queue_last(rig.queue, map(track, numbers), new_id=rig.new_id, origin=origin)
    return [e.item_id for e in Listing(rig.queue.queued).slice(0)][-len(numbers) :]


def test_what_is_queued_keeps_its_origin_wherever_it_is_moved() -> None:
    rig = Rig(2)
    rig.begin()
    context = playing.origin_of(rig.queue)
    first, second = queue(rig, 50, 51, origin=ALBUM)
    (third,) = queue(rig, 52)
    rig.queue = editing.queue_next(rig.queue, [track(53)], new_id=rig.new_id, origin=SHOWN)
    assert origins_ahead(rig) == [SHOWN, ALBUM, ALBUM, NOWHERE, context]
    rig.queue = editing.move_queued(rig.queue, [third, second], None)
    assert origins_ahead(rig) == [SHOWN, ALBUM, NOWHERE, ALBUM, context]
    rig.queue = editing.remove_queued(rig.queue, [first])
    assert origins_ahead(rig) == [SHOWN, NOWHERE, ALBUM, context]
    assert len(rig.queue.origins) == 2


def test_what_plays_from_the_queue_came_from_where_it_was_queued_from() -> None:
    rig = Rig(2)
    rig.begin()
    context = playing.origin_of(rig.queue)
    queue(rig, 50, origin=ALBUM)
    queue(rig, 51)
    queue(rig, 52, origin=SHOWN)
    heard = []
    while rig.on() is not None:
        heard.append(playing.origin_of(rig.queue))
    assert heard == [ALBUM, NOWHERE, SHOWN, context]
    assert rig.queue.origins == {}


def test_what_plays_again_came_from_where_it_did_before() -> None:
    rig = Rig(2)
    rig.begin(repeat=Repeat.TRACK)
    queue(rig, 50, origin=ALBUM)
    rig.on()
    assert rig.on(ended=True) == 50
    assert playing.origin_of(rig.queue) == ALBUM
    rig.back(playing.RESTART_AFTER_MS + 1)
    assert playing.origin_of(rig.queue) == ALBUM


def test_another_queue_has_origins_of_its_own_alone() -> None:
    rig = Rig(0)
    queue(rig, 50, 51, origin=ALBUM)
    rig.queue = editing.replace_queue(
        rig.queue, [track(52), track(52)], new_id=rig.new_id, origin=SHOWN
    )
    assert origins_ahead(rig) == [SHOWN, SHOWN]
    assert set(rig.queue.origins.values()) == {SHOWN}
    rig.queue = editing.replace_queue(rig.queue, [], new_id=rig.new_id, origin=ALBUM)
    assert rig.queue == PlayQueue()
