"""What a playlist can be sorted by, as keys of its entries."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, TypeVar

from meshkit.ulids import time_ms, to_text
from playlist_svc.domain.folding import sortable
from playlist_svc.domain.order import Entry, Order
from playlist_svc.ports.tracks import Track, Tracks

T = TypeVar("T")

# Sorting as many takes some 50 ms of pure Python.
_LONG = 2_000


class SortBy(enum.Enum):
    """What entries are sorted by; the value is its name in a history."""

    TITLE = "title"
    ARTIST = "artist"
    ALBUM = "album"
    DURATION = "duration"
    ADDED_AT = "when added"
    ADDED_BY = "who added"
    YEAR = "year"


class NamesMissing(Exception):
    """Users whose names the keys need; found while the playlist is held, asked for after it.

    Identity may take its time to answer, and all other writers of the playlist would wait for it.
    """

    def __init__(self, user_ids: Collection[str]) -> None:
        super().__init__("names of users are missing")
        self.user_ids = user_ids


async def sort_keys(
    order: Order, by: SortBy, tracks: Tracks, people: Mapping[str, str | None]
) -> list[Any]:
    """A key for each entry, in order. What nothing is known of comes after the others.

    ``people`` are names by user, None for whoever has none. Raises NamesMissing for others.
    """
    if by not in _KEYS:
        return await run_off_loop(order, partial(_own_keys, order, by, people))
    raw_ids = order.track_ids()
    ids = await run_off_loop(order, lambda: {raw: to_text(raw) for raw in set(raw_ids)})
    named = await tracks.named(ids.values())
    keys = await run_off_loop(order, lambda: _keyed(ids, named, _KEYS[by]))
    return [keys[raw] for raw in raw_ids]


async def run_off_loop(order: Order, work: Callable[[], T]) -> T:
    """What ``work`` on the list answers; in a thread where the list is so long that every other
    call would wait for it."""
    return await asyncio.to_thread(work) if len(order) > _LONG else work()


def _own_keys(order: Order, by: SortBy, people: Mapping[str, str | None]) -> list[Any]:
    """Keys that the entries bring themselves, and the names of users."""
    entries = order.slice(0)
    if by is SortBy.DURATION:
        return [entry.duration_ms for entry in entries]
    if by is SortBy.ADDED_AT:
        return [time_ms(entry.item_id) for entry in entries]
    return _by_name(entries, people)


def _keyed(
    ids: Mapping[bytes, str], named: Mapping[str, Track], key: Callable[[Track], Any]
) -> dict[bytes, Any]:
    return {raw: (0, key(named[text])) if text in named else (1, ()) for raw, text in ids.items()}


def _by_name(entries: list[Entry], people: Mapping[str, str | None]) -> list[Any]:
    ids = {raw: to_text(raw) for raw in {entry.added_by for entry in entries}}
    missing = [user_id for user_id in ids.values() if user_id not in people]
    if missing:
        raise NamesMissing(missing)
    keys = {raw: _name_key(people[user_id]) for raw, user_id in ids.items()}
    return [keys[entry.added_by] for entry in entries]


def _name_key(name: str | None) -> tuple[int, Any]:
    return (1, "") if name is None else (0, sortable(name))


def _by_album(track: Track) -> tuple[Any, ...]:
    return sortable(track.album), track.disc_number, track.track_number


_KEYS: dict[SortBy, Callable[[Track], Any]] = {
    SortBy.TITLE: lambda track: (sortable(track.title),),
    SortBy.ARTIST: lambda track: (sortable(track.artist), *_by_album(track)),
    SortBy.ALBUM: _by_album,
    SortBy.YEAR: lambda track: (track.year,),
}
