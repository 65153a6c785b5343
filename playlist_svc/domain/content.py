"""What a playlist holds at one revision, and the edits that make the next one of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from playlist_svc.domain.order import (
    MAX_TRACKS,
    RECORD,
    DuplicateItems,
    Entry,
    Order,
    OrderFull,
)

# From this many look-ups on, one index of the whole list costs less than a find for each.
_FINDS_BEFORE_INDEX = 24


class UnknownItems(Exception):
    """These item ids are not in the list."""

    def __init__(self, ids: tuple[bytes, ...]) -> None:
        super().__init__(f"{len(ids)} items are not in the list")
        self.ids = ids


class InvalidAnchor(Exception):
    """Items cannot be moved before one of themselves."""

    def __init__(self, item_id: bytes) -> None:
        super().__init__("items cannot be moved before one of themselves")
        self.item_id = item_id


class PositionOutOfRange(Exception):
    """A position outside 0 … ``length``."""

    def __init__(self, position: int, length: int) -> None:
        super().__init__(f"position {position} is outside 0 to {length}")
        self.position = position
        self.length = length


@dataclass(frozen=True, slots=True)
class Content:
    """A playlist at one revision."""

    title: str
    description: str
    order: Order


def rename(content: Content, title: str) -> Content:
    """The same list under another title."""
    return dataclasses.replace(content, title=title)


def describe(content: Content, description: str) -> Content:
    """The same list with another description."""
    return dataclasses.replace(content, description=description)


def add(content: Content, entries: Sequence[Entry], position: int | None = None) -> Content:
    """With ``entries`` put in before the entry at ``position`` (from 0); None: at the end.

    PositionOutOfRange, OrderFull, or DuplicateItems when an item_id is in the list already.
    """
    order = content.order
    at = len(order) if position is None else position
    if not 0 <= at <= len(order):
        raise PositionOutOfRange(at, len(order))
    if len(order) + len(entries) > MAX_TRACKS:
        raise OrderFull
    added = Order.of(entries)
    known = _positions(order, added.item_ids())
    if known:
        raise DuplicateItems(tuple(known))
    cut = at * RECORD.size
    packed = order.packed
    return _with(content, packed[:cut] + added.packed + packed[cut:])


def add_before(content: Content, entries: Sequence[Entry], before_item: bytes | None) -> Content:
    """With ``entries`` put in before that item; None: at the end. UnknownItems, and as `add`."""
    if before_item is None:
        return add(content, entries)
    return add(content, entries, _found(content.order, [before_item])[0])


def remove(content: Content, item_ids: Collection[bytes]) -> tuple[Content, list[Entry]]:
    """Without these items, and the entries that left, as they stood. UnknownItems.

    An id that is given twice counts once.
    """
    kept, taken = _parted(content.order, _found(content.order, item_ids))
    return _with(content, kept), Order(taken).slice(0)


def move(content: Content, item_ids: Collection[bytes], before: bytes | None) -> Content:
    """With these items side by side before the item ``before``; None: at the end.

    Among themselves they keep the order in which they stand in the list, however they are given.
    UnknownItems; InvalidAnchor when ``before`` is one of them.
    """
    if before is not None and before in item_ids:
        raise InvalidAnchor(before)
    kept, taken = _parted(content.order, _found(content.order, item_ids))
    if before is None:
        return _with(content, kept + taken)
    cut = _found(Order(kept), [before])[0] * RECORD.size
    return _with(content, kept[:cut] + taken + kept[cut:])


def sort(content: Content, keys: Sequence[Any], *, descending: bool = False) -> Content:
    """In the order of ``keys``, one for each entry; entries of equal keys stay as they stand.

    ValueError when there are not as many keys as entries.
    """
    if len(keys) != len(content.order):
        raise ValueError("sorting needs a key for each entry")
    records = content.order.records()
    places = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
    return _with(content, b"".join([records[place] for place in places]))


def replace(content: Content, entries: Iterable[Entry]) -> Content:
    """With ``entries`` in place of the whole list. As `Order.of`."""
    return dataclasses.replace(content, order=Order.of(entries))


def _with(content: Content, packed: bytes) -> Content:
    return Content(content.title, content.description, Order(packed))


def _positions(order: Order, item_ids: Collection[bytes]) -> dict[bytes, int]:
    """Where those of the items stand that are in the list."""
    if len(item_ids) >= _FINDS_BEFORE_INDEX:
        index = {item_id: at for at, item_id in enumerate(order.item_ids())}
        return {item_id: index[item_id] for item_id in item_ids if item_id in index}
    found = ((item_id, order.index_of(item_id)) for item_id in item_ids)
    return {item_id: at for item_id, at in found if at is not None}


def _found(order: Order, item_ids: Collection[bytes]) -> list[int]:
    """Where the items stand, rising; UnknownItems when one is not in the list."""
    positions = _positions(order, item_ids)
    unknown = tuple(dict.fromkeys(i for i in item_ids if i not in positions))
    if unknown:
        raise UnknownItems(unknown)
    return sorted(positions.values())


def _parted(order: Order, positions: Sequence[int]) -> tuple[bytes, bytes]:
    """The records that stay and those at ``positions`` (rising), each in order."""
    size, packed = RECORD.size, order.packed
    kept, taken = [], []
    end = 0
    for position in positions:
        at = position * size
        kept.append(packed[end:at])
        end = at + size
        taken.append(packed[at:end])
    kept.append(packed[end:])
    return b"".join(kept), b"".join(taken)
