"""What every new playlist is made of, whoever makes it: a user, a file or a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.idempotency import RequestKey
from meshkit.ulids import new_ids, to_raw
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import EMPTY, Entry, Order
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.clock import NewId
from playlist_svc.ports.playlists import NewSnapshot
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases import snapshot_metadata


@dataclass(frozen=True, slots=True)
class NewPlaylist:
    """What a playlist begins with; with a rule, the rule's tracks."""

    title: str
    description: str = ""
    visibility: Visibility = Visibility.PRIVATE
    rule: Rule | None = None
    managed_by: str = ""
    managed_key: str = ""
    managed_edition: int = 0


class NewPlaylists(Protocol):
    """What of ``PlaylistStore`` is needed to make a playlist; see there."""

    async def create(self, head: Head, first: NewSnapshot, key: RequestKey | None) -> Head:
        """Store a new playlist, or give the one that an equal key made."""
        ...


class PlaylistCreator:
    """Stores new playlists with their first version."""

    def __init__(self, store: NewPlaylists, tracks: Tracks, new_id: NewId) -> None:
        self._store = store
        self._tracks = tracks
        self._new_id = new_id

    async def __call__(
        self,
        owner_id: str,
        new: NewPlaylist,
        *,
        order: Order,
        summary: str,
        now_ms: int,
        key: RequestKey | None,
    ) -> Head:
        """The playlist as it is made, or as the one was that an equal request made."""
        content = Content(new.title, new.description, order)
        first = NewSnapshot(
            snapshot_id=self._new_id(),
            kind=Kind.CREATED,
            author_id=owner_id,
            created_at_ms=now_ms,
            summary=summary,
            content=content,
            artwork_paths=await snapshot_metadata.choose_covers(self._tracks, None, content, ()),
        )
        head = Head(
            playlist_id=self._new_id(),
            owner_id=owner_id,
            title=new.title,
            description=new.description,
            visibility=new.visibility,
            revision=1,
            snapshot_id=first.snapshot_id,
            version=1,
            created_at_ms=now_ms,
            modified_at_ms=now_ms,
            rule=new.rule,
            managed_by=new.managed_by,
            managed_key=new.managed_key,
            managed_edition=new.managed_edition,
            rule_evaluated_at_ms=now_ms if new.rule else 0,
        )
        return await self._store.create(head, first, key)


def created_with(count: int) -> str:
    """What the history says of a playlist that begins with so many tracks."""
    return f"created with {count} track{'s' * (count != 1)}" if count else "created"


def chosen_order(
    chosen: Sequence[tuple[str, int]], owner_id: str, now_ms: int, kept: Order = EMPTY
) -> Order:
    """The entries of what a rule chose; a track that is in ``kept`` keeps its entry."""
    entries: dict[bytes, Entry] = {}
    for entry in kept.slice(0):
        entries.setdefault(entry.track_id, entry)
    owner = to_raw(owner_id)
    result = []
    for item_id, (track_id, duration_ms) in zip(new_ids(len(chosen), now_ms), chosen, strict=True):
        raw = to_raw(track_id)
        held = entries.pop(raw) if raw in entries else None
        result.append(held or Entry(item_id, raw, owner, duration_ms))
    return Order.of(result)
