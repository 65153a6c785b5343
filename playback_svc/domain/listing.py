"""The entries of a context or of a user queue: immutable packed bytes of fixed records.

A find or a slice on bytes is one memmem or memcpy and costs microseconds at 10,000 entries, where
a list of objects costs milliseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from meshkit.ulids import RAW_SIZE, to_raw, to_text

MOST_ENTRIES: Final = 10_000
"""Entries that one context holds at most."""

RECORD: Final = struct.Struct(">16s16s")
"""track_id, item_id (raw ULIDs); the item is zeros where the context gives its entries no ids."""

_NO_ITEM: Final = bytes(RAW_SIZE)
_ITEM_AT: Final = RAW_SIZE


class Entry(NamedTuple):
    """One track to play; ids are ULIDs of 26 upper-case characters, ``item_id`` is '' for none."""

    track_id: str
    item_id: str = ""

    def packed(self) -> bytes:
        """Its record of 32 bytes. ValueError for what is no ULID."""
        return to_raw(self.track_id) + (to_raw(self.item_id) if self.item_id else _NO_ITEM)


@dataclass(frozen=True, slots=True)
class Listing:
    """An immutable sequence of entries, as their records one by one."""

    packed: bytes = b""

    def __post_init__(self) -> None:
        if len(self.packed) % RECORD.size:
            raise ValueError("a listing is whole records")
        if len(self) > MOST_ENTRIES:
            raise ValueError(f"a listing holds at most {MOST_ENTRIES} entries")

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Listing:
        """These entries in this order. ValueError for too many, or an id that is no ULID."""
        return cls(b"".join([entry.packed() for entry in entries]))

    def __len__(self) -> int:
        return len(self.packed) // RECORD.size

    def entry(self, index: int) -> Entry:
        """The entry at ``index``, from 0; IndexError when there is none."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return _entry(*RECORD.unpack_from(self.packed, index * RECORD.size))

    def slice(self, start: int, stop: int | None = None) -> list[Entry]:
        """The entries from ``start`` up to, without, ``stop``; less when the list ends before."""
        return [_entry(*record) for record in RECORD.iter_unpack(self._part(start, stop))]

    def records(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """The records of 32 bytes from ``start`` up to, without, ``stop``."""
        part, size = self._part(start, stop), RECORD.size
        return [part[at : at + size] for at in range(0, len(part), size)]

    def find_item(self, item_id: str) -> int | None:
        """The index of the first entry of this item id; None when there is none, and for ''.

        ValueError for another text that is no ULID.
        """
        if not item_id:
            return None
        raw = to_raw(item_id)
        return None if raw == _NO_ITEM else self._find(raw, _ITEM_AT)

    def find_track(self, track_id: str) -> int | None:
        """The index of the first entry of this track; None when there is none.

        ValueError for what is no ULID.
        """
        return self._find(to_raw(track_id), 0)

    def _find(self, raw: bytes, field_at: int) -> int | None:
        at = self.packed.find(raw, field_at)
        # The same bytes may stand in the other field, or across two.
        while at >= 0 and at % RECORD.size != field_at:
            at = self.packed.find(raw, at + 1)
        return None if at < 0 else at // RECORD.size

    def _part(self, start: int, stop: int | None) -> bytes:
        end = None if stop is None else max(stop, 0) * RECORD.size
        return self.packed[max(start, 0) * RECORD.size : end]


def _entry(track: bytes, item: bytes) -> Entry:
    return Entry(to_text(track), "" if item == _NO_ITEM else to_text(item))
