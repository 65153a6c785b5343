"""What users keep of the catalogue: saved tracks, blocked and followed artists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from rec_svc.domain.events import Event, EventKind, event_id


class ItemKind(StrEnum):
    """The collections of a user that are known."""

    SAVED_TRACK = "SAVED_TRACK"
    BLOCKED_ARTIST = "BLOCKED_ARTIST"
    FOLLOWED_ARTIST = "FOLLOWED_ARTIST"


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """An item came into a user's collection (``kept``) or left it, at those Unix milliseconds.

    ``version`` rises with every change of the item in this collection; 0 in a listing.
    """

    user_id: str
    item_id: str
    version: int
    at_ms: int
    kept: bool

    @property
    def id(self) -> str:
        """Of all items of one kind."""
        return f"{self.user_id}/{self.item_id}"

    def saving(self) -> Event:
        """The event that it is where the item is a track."""
        kind = EventKind.SAVE if self.kept else EventKind.UNSAVE
        return Event(
            event_id=event_id(self.at_ms, kind, self.user_id, self.item_id),
            user_id=self.user_id,
            track_id=self.item_id,
            at_ms=self.at_ms,
            kind=kind,
        )


@dataclass(frozen=True, slots=True)
class UserForgotten:
    """The user was erased, with all items."""

    user_id: str


ItemChange: TypeAlias = ItemChanged | UserForgotten


def told_items(changes: Sequence[ItemChange]) -> tuple[list[ItemChanged], set[str]]:
    """The changes of those who were not forgotten among ``changes``, and who was."""
    forgotten = {one.user_id for one in changes if isinstance(one, UserForgotten)}
    items = [one for one in changes if isinstance(one, ItemChanged)]
    return [one for one in items if one.user_id not in forgotten], forgotten
