"""Playlists that a service makes for a user; people read them and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshkit.idempotency import RequestKey
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Kind
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.access import unknown_playlist_error
from playlist_svc.usecases.known_users import require_users
from playlist_svc.usecases.new_playlists import (
    NewPlaylist,
    PlaylistCreator,
    chosen_order,
    created_with,
)
from playlist_svc.usecases.writing import Edited, Revisions, Writer


@dataclass(frozen=True, slots=True)
class ManagedPlaylist:
    """What ``service`` wants a user's playlist to be; without a ``playlist_id`` it is new."""

    service: str
    owner_id: str
    playlist_id: str
    title: str
    description: str
    track_ids: Sequence[str]


class PutManagedPlaylist:
    """Makes and replaces the playlists of services."""

    def __init__(
        self,
        store: PlaylistStore,
        writer: Writer,
        revisions: Revisions,
        tracks: Tracks,
        people: People,
        *,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._writer = writer
        self._revisions = revisions
        self._make = PlaylistCreator(store, tracks, new_id)
        self._tracks = tracks
        self._people = people
        self._clock = clock

    async def __call__(self, wanted: ManagedPlaylist, key: RequestKey | None) -> tuple[str, str]:
        """The playlist and its newest version. A retry gets those of the first time.

        NotFound (user, a track, or a playlist that is not this service's), FailedPrecondition
        (COLLECTION_FULL).
        """
        if wanted.playlist_id:
            return wanted.playlist_id, await self._replaced(wanted, key)
        made = await self._store.preview_create(wanted.owner_id, key)
        if made is None:
            await require_users(self._people, [wanted.owner_id])
            new = NewPlaylist(wanted.title, wanted.description, managed_by=wanted.service)
            now_ms, chosen = self._clock(), await self._chosen(wanted)
            order = chosen_order(chosen, wanted.owner_id, now_ms)
            summary = created_with(len(order))
            made = await self._make(
                wanted.owner_id, new, order=order, summary=summary, now_ms=now_ms, key=key
            )
        return made.playlist_id, made.snapshot_id

    async def _replaced(self, wanted: ManagedPlaylist, key: RequestKey | None) -> str:
        answered = await self._store.stored_answer(key)
        if answered is not None:
            return Edited.of(answered).snapshot_id
        chosen = await self._chosen(wanted)

        async def decide(writing: Writing) -> Edited:
            head = writing.head
            theirs = (head.managed_by, head.owner_id) == (wanted.service, wanted.owner_id)
            if head.deleted_at_ms is not None or not theirs:
                raise unknown_playlist_error(head.playlist_id)
            current = await writing.content(head.revision)
            order = chosen_order(chosen, head.owner_id, self._clock(), current.order)
            content = Content(wanted.title, wanted.description, order)
            await self._revisions.record(
                writing, current, content, head.owner_id, kind=Kind.EVALUATION
            )
            return Edited(writing.head.snapshot_id)

        edited, _ = await self._writer.write(wanted.playlist_id, key, decide)
        return edited.snapshot_id

    async def _chosen(self, wanted: ManagedPlaylist) -> list[tuple[str, int]]:
        known = await self._tracks.require(wanted.track_ids)
        return [(track_id, known[track_id].duration_ms) for track_id in wanted.track_ids]
