"""The tracks of a playlist, in order: immutable packed bytes of fixed records.

A slice, a find or a splice on bytes is one memcpy or memmem and costs microseconds at 10,000
tracks, where a list of objects costs milliseconds.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from meshkit.ulids import RAW_SIZE, time_ms

MAX_TRACKS = 10_000
"""Tracks that one playlist holds at most."""

RECORD = struct.Struct(">16s16s16sI")
"""item_id, track_id, added_by (raw ULIDs), duration in ms."""

_ITEM_IDS = struct.Struct(f">16s{RECORD.size - 16}x")
_TRACK_IDS = struct.Struct(f">16x16s{RECORD.size - 32}x")
# A record is 13 words of 4 bytes: 4 of each id, and the duration is the last one.
_WORDS = RECORD.size // 4
_ID_WORDS = RAW_SIZE // 4
_PLAYED_FIRST = (*range(_ID_WORDS, 2 * _ID_WORDS), *range(_ID_WORDS))


class OrderFull(Exception):
    """More tracks than a playlist holds; ``limit`` is how many it does."""

    def __init__(self, limit: int = MAX_TRACKS) -> None:
        super().__init__(f"a playlist holds at most {limit} tracks")
        self.limit = limit


class DuplicateItems(Exception):
    """These item ids would stand in one list twice."""

    def __init__(self, ids: tuple[bytes, ...]) -> None:
        super().__init__(f"{len(ids)} items would stand in the list twice")
        self.ids = ids


# A named tuple, for it is made at C speed: a whole list is 10,000 of them.
class Entry(NamedTuple):
    """One place in a playlist; ids are 16 raw bytes, the duration is below 2**32 ms.

    An entry never changes under its item_id: another track is another item.
    """

    item_id: bytes
    track_id: bytes
    added_by: bytes
    duration_ms: int

    @property
    def added_at_ms(self) -> int:
        """When it was added, in milliseconds since 1970: the time in item_id."""
        return time_ms(self.item_id)

    def packed(self) -> bytes:
        """Its record of 52 bytes. ValueError for an id of another length or a wrong duration."""
        if not len(self.item_id) == len(self.track_id) == len(self.added_by) == RAW_SIZE:
            raise ValueError("ids of an entry are 16 bytes")
        if not 0 <= self.duration_ms < 1 << 32:
            raise ValueError("the duration of an entry is from 0 to 2**32 - 1 ms")
        return RECORD.pack(*self)


# Straight to the tuple: `_make` checks a length that the record fixes, at twice the cost.
as_entry: Callable[[tuple[Any, ...]], Entry] = partial(tuple.__new__, Entry)
"""The entry of an unpacked record."""


@dataclass(frozen=True, slots=True)
class Order:
    """An immutable sequence of entries with distinct item ids, as their records one by one."""

    packed: bytes

    def __post_init__(self) -> None:
        if len(self.packed) % RECORD.size:
            raise ValueError("an order is whole records")

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Order:
        """These entries in this order.

        OrderFull when there are too many, DuplicateItems when an item_id comes twice, ValueError
        when an entry cannot be packed.
        """
        order = cls(b"".join([entry.packed() for entry in entries]))
        if len(order) > MAX_TRACKS:
            raise OrderFull
        ids = order.item_ids()
        if len(set(ids)) != len(ids):
            raise DuplicateItems(tuple(i for i, times in Counter(ids).items() if times > 1))
        return order

    def __len__(self) -> int:
        return len(self.packed) // RECORD.size

    def entry(self, index: int) -> Entry:
        """The entry at ``index``, from 0; IndexError when there is none."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return as_entry(RECORD.unpack_from(self.packed, index * RECORD.size))

    def slice(self, start: int, stop: int | None = None) -> list[Entry]:
        """The entries from ``start`` up to, without, ``stop``; less when the list ends before."""
        return list(map(as_entry, RECORD.iter_unpack(self._part(start, stop))))

    def index_of(self, item_id: bytes) -> int | None:
        """Where the item stands, from 0; None when it is not in the list."""
        size = RECORD.size
        at = self.packed.find(item_id) if len(item_id) == RAW_SIZE else -1
        # The same bytes may stand elsewhere in a record, or across two.
        while at > 0 and at % size:
            at = self.packed.find(item_id, at + 1)
        return None if at < 0 else at // size

    def item_ids(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """The item ids from ``start`` up to, without, ``stop``, in order."""
        return [item_id for (item_id,) in _ITEM_IDS.iter_unpack(self._part(start, stop))]

    def track_ids(self) -> list[bytes]:
        """The track id of each entry, in order; a track may come more than once."""
        return [track_id for (track_id,) in _TRACK_IDS.iter_unpack(self.packed)]

    def played(self) -> bytes:
        """What a player needs of all entries in order: 16 bytes of track_id, then 16 of item_id."""
        words = array("I", self.packed)
        kept = array("I", bytes(len(self) * 2 * RAW_SIZE))
        # Word by word over all entries: 8 copies with a stride, whatever their number.
        for to, at in enumerate(_PLAYED_FIRST):
            kept[to :: 2 * _ID_WORDS] = words[at::_WORDS]
        return kept.tobytes()

    def records(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """The records from ``start`` up to, without, ``stop``, in order."""
        packed, size = self._part(start, stop), RECORD.size
        return [packed[at : at + size] for at in range(0, len(packed), size)]

    def duration_ms(self, start: int = 0, stop: int | None = None) -> int:
        """The sum of the durations from ``start`` up to, without, ``stop``, in milliseconds."""
        durations = array("I", self._part(start, stop))[_WORDS - 1 :: _WORDS]
        if sys.byteorder == "little":
            durations.byteswap()
        return sum(durations)

    def _part(self, start: int, stop: int | None) -> bytes:
        size = RECORD.size
        end = None if stop is None else max(stop, 0) * size
        return self.packed[max(start, 0) * size : end]


EMPTY = Order(b"")
