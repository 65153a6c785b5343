"""What a playlist can be sorted by, as keys of its entries."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from typing import Any

from playlist_svc.domain.folding import sortable
from playlist_svc.domain.ids import time_ms, to_text
from playlist_svc.domain.order import Entry, Order
from playlist_svc.ports.tracks import Track, Tracks


class By(enum.Enum):
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
    order: Order, by: By, tracks: Tracks, people: Mapping[str, str | None]
) -> list[Any]:
    """A key for each entry, in order. What nothing is known of comes after the others.

    ``people`` are names by user, None for whoever has none. Raises NamesMissing for others.
    """
    entries = order.slice(0)
    if by is By.DURATION:
        return [entry.duration_ms for entry in entries]
    if by is By.ADDED_AT:
        return [time_ms(entry.item_id) for entry in entries]
    if by is By.ADDED_BY:
        return _by_name(entries, people)
    ids = {raw: to_text(raw) for raw in set(order.track_ids())}
    named = await tracks.named(ids.values())
    keys = _keyed(ids, named, _KEYS[by])
    return [keys[entry.track_id] for entry in entries]


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


_KEYS: dict[By, Callable[[Track], Any]] = {
    By.TITLE: lambda track: (sortable(track.title),),
    By.ARTIST: lambda track: (sortable(track.artist), *_by_album(track)),
    By.ALBUM: _by_album,
    By.YEAR: lambda track: (track.year,),
}
