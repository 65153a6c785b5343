"""What a user does with the queue: adds tracks, takes them out, moves and replaces them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from playback_svc.domain.listing import RECORD, Entry, Listing
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.domain.play_queue import PlayQueue

MOST_QUEUED: Final = 500
"""Entries that a user queue holds at most."""


def queue_next(
    queue: PlayQueue,
    track_ids: Iterable[str],
    *,
    new_id: Callable[[], str],
    origin: PlayOrigin = NOWHERE,
) -> PlayQueue:
    """These tracks before everything queued. FailedPrecondition (QUEUE_FULL) for too many."""
    added = _entries(track_ids, new_id)
    return _queued(queue, _packed(added) + queue.queued, _origins(added, origin))


def queue_last(
    queue: PlayQueue,
    track_ids: Iterable[str],
    *,
    new_id: Callable[[], str],
    origin: PlayOrigin = NOWHERE,
) -> PlayQueue:
    """These tracks behind everything queued. FailedPrecondition (QUEUE_FULL) for too many."""
    added = _entries(track_ids, new_id)
    return _queued(queue, queue.queued + _packed(added), _origins(added, origin))


def replace_queue(
    queue: PlayQueue,
    track_ids: Iterable[str],
    *,
    new_id: Callable[[], str],
    origin: PlayOrigin = NOWHERE,
) -> PlayQueue:
    """These tracks alone, all as new items. FailedPrecondition (QUEUE_FULL) for too many."""
    added = _entries(track_ids, new_id)
    return _queued(queue, _packed(added), _origins(added, origin))


def remove_queued(queue: PlayQueue, item_ids: Iterable[str]) -> PlayQueue:
    """Without these items; NotFound (resource "queue_item") when one is not in the queue."""
    _, rest = _parted(queue, item_ids)
    return _queued(queue, b"".join(rest))


def move_queued(queue: PlayQueue, item_ids: Iterable[str], before_item_id: str | None) -> PlayQueue:
    """These items, in this order, right before another; None moves them to the end.

    NotFound (resource "queue_item") when one is not in the queue, InvalidArgument when they would
    stand before one of themselves.
    """
    chosen = tuple(item_ids)
    moving, rest = _parted(queue, chosen)
    if before_item_id is None:
        return _queued(queue, b"".join(rest + moving))
    if before_item_id in chosen:
        raise InvalidArgument.field("before_item_id", "must be none of those that move")
    _queued_at(queue, before_item_id)
    at = Listing(b"".join(rest)).find_item(before_item_id)
    return _queued(queue, b"".join([*rest[:at], *moving, *rest[at:]]))


def _entries(track_ids: Iterable[str], new_id: Callable[[], str]) -> list[Entry]:
    return [Entry(track_id, new_id()) for track_id in track_ids]


def _packed(entries: Iterable[Entry]) -> bytes:
    return b"".join([entry.packed() for entry in entries])


def _origins(added: Iterable[Entry], origin: PlayOrigin) -> Mapping[str, PlayOrigin]:
    return {} if origin == NOWHERE else {entry.item_id: origin for entry in added}


def _queued(
    queue: PlayQueue, packed: bytes, added: Mapping[str, PlayOrigin] | None = None
) -> PlayQueue:
    """Another user queue, with the origins of what is in it."""
    if len(packed) > MOST_QUEUED * RECORD.size:
        raise FailedPrecondition(
            f"The queue holds at most {MOST_QUEUED} tracks.",
            reason="QUEUE_FULL",
            metadata={"limit": str(MOST_QUEUED)},
        )
    if packed == queue.queued:
        return queue
    origins = {**queue.origins, **(added or {})}
    if origins:
        held = {entry.item_id for entry in Listing(packed).slice(0)}
        origins = {item_id: origin for item_id, origin in origins.items() if item_id in held}
    return replace(queue, queued=packed, origins=origins)


def _queued_at(queue: PlayQueue, item_id: str) -> int:
    at = Listing(queue.queued).find_item(item_id)
    if at is None:
        raise NotFound(
            "The queue has no such entry.", metadata={"resource": "queue_item", "id": item_id}
        )
    return at


def _parted(queue: PlayQueue, item_ids: Iterable[str]) -> tuple[list[bytes], list[bytes]]:
    """The records of these items in the order given, and all others in theirs."""
    chosen = {_queued_at(queue, item_id): None for item_id in item_ids}
    records = Listing(queue.queued).records()
    moving = [records[at] for at in chosen]
    return moving, [record for at, record in enumerate(records) if at not in chosen]
