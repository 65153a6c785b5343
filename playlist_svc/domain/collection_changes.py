"""What the feed says of saved tracks, of artists blocked and followed, and how it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass

from meshkit.feeds import Change, Op

SAVED_TRACK = "saved_track"
BLOCKED_ARTIST = "blocked_artist"
FOLLOWED_ARTIST = "followed_artist"
"""What their changes are filed under."""


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """A thing was put into a user's collection, or taken out: when, Unix microseconds.

    ``version`` rises with every change of the thing in this collection; 0 in a listing.
    """

    user_id: str
    thing_id: str
    at_us: int
    version: int
    kept: bool


@dataclass(frozen=True, slots=True)
class CollectionErased:
    """All that was in a user's collection is gone, since the user is."""

    user_id: str
    version: int


CollectionChange = ItemChanged | CollectionErased


def encode(entity: str, change: CollectionChange) -> Change:
    """As the feed has it, filed under ``entity``."""
    if isinstance(change, CollectionErased):
        payload = json.dumps([change.user_id]).encode()
        return Change(entity, change.user_id, change.version, Op.DELETE, payload)
    payload = json.dumps([change.user_id, change.thing_id, change.at_us]).encode()
    name = f"{change.user_id}/{change.thing_id}"
    return Change(entity, name, change.version, Op.UPSERT if change.kept else Op.DELETE, payload)


def decode(change: Change) -> CollectionChange:
    """What a change of such an entity says."""
    match json.loads(change.payload):
        case [user_id]:
            return CollectionErased(user_id, change.version)
        case [user_id, thing_id, at_us]:
            return ItemChanged(user_id, thing_id, at_us, change.version, change.op is Op.UPSERT)
        case _:
            raise ValueError("no change of a collection")
