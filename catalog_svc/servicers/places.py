"""Where a page of a list begins, as its token says it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from catalog_svc.domain.listings import (
    NumberPlace,
    TextPlace,
    TrackPlace,
    TrackSort,
)
from catalog_svc.domain.tags import clean
from meshkit.clock import unix_us
from meshkit.paging import SortKey, foreign_token

_YEAR_10000_US = 253_402_300_800_000_000
_MOST_YEAR = 9_999


class Dated(Protocol):
    """What has an id and a time of its making."""

    @property
    def id(self) -> str:
        """ULID."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        ...


def newest_key(thing: Dated) -> NumberPlace:
    """What places a thing where the newest stand first."""
    return unix_us(thing.created_at), thing.id


def newest_after(after: SortKey | None) -> NumberPlace | None:
    """The place after which a page begins, where the newest stand first."""
    match after:
        case None:
            return None
        case (int(created_us), str(track_id)) if 0 <= created_us < _YEAR_10000_US:
            return created_us, track_id
        case _:
            raise foreign_token()


def name_after(after: SortKey | None) -> str:
    """The name after which a page begins, of a list of names that are nobody else's."""
    match after:
        case None:
            return ""
        case (str(name),) if name == clean(name):
            return name
        case _:
            raise foreign_token()


def year_before(after: SortKey | None) -> int:
    """The year before which a page of years begins, the latest of which come first."""
    match after:
        case None:
            return _MOST_YEAR + 1
        case (int(year),) if 0 < year <= _MOST_YEAR:
            return year
        case _:
            raise foreign_token()


def named_after(after: SortKey | None, *, text: bool) -> TextPlace | NumberPlace | None:
    """The place of a list that is sorted by a text, or by a number."""
    match after:
        case None:
            return None
        case (str(name), str(id_)) if text:
            return name, id_
        case (int(number), str(id_)) if not text and 0 <= number < _YEAR_10000_US:
            return number, id_
        case _:
            raise foreign_token()


def track_after(after: SortKey | None, sort: TrackSort) -> TrackPlace | None:
    """The place of a list of tracks in this order."""
    if sort is not TrackSort.ARTIST:
        return named_after(after, text=sort is TrackSort.TITLE)
    match after:
        case None:
            return None
        case (str(artist), str(title), str(id_)):
            return artist, title, id_
        case _:
            raise foreign_token()
