"""Playlists that a service makes for a user; people read them and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.domain.refusals import unknown_user_error
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import ManagedPlaylistExists, PlaylistStore, Writing
from playlist_svc.ports.tracks import Tracks
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
    """What ``service`` wants the playlist to be that it keeps for the owner under ``key``.

    ``edition`` is above 0 and rises with what the tracks are.
    """

    service: str
    owner_id: str
    key: str
    edition: int
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

    async def __call__(self, wanted: ManagedPlaylist) -> tuple[str, str]:
        """The playlist and its newest version.

        NotFound (user or a track), FailedPrecondition (COLLECTION_FULL).
        """
        head = await self._found(wanted)
        if head is None:
            with suppress(ManagedPlaylistExists):
                head = await self._made(wanted)
        head = head or await self._found(wanted)
        if head is None or head.deleted_at_ms is not None:
            # People cannot delete it: its owner is being erased.
            raise unknown_user_error(wanted.owner_id)
        if head.managed_edition >= wanted.edition:
            return head.playlist_id, head.snapshot_id
        return head.playlist_id, await self._replaced(head.playlist_id, wanted)

    async def _found(self, wanted: ManagedPlaylist) -> Head | None:
        return await self._store.managed(wanted.owner_id, wanted.service, wanted.key)

    async def _made(self, wanted: ManagedPlaylist) -> Head:
        await self._store.preview_create(wanted.owner_id, None)
        await require_users(self._people, [wanted.owner_id])
        new = NewPlaylist(
            wanted.title,
            wanted.description,
            managed_by=wanted.service,
            managed_key=wanted.key,
            managed_edition=wanted.edition,
        )
        now_ms, chosen = self._clock(), await self._chosen(wanted)
        order = chosen_order(chosen, wanted.owner_id, now_ms)
        summary = created_with(len(order))
        return await self._make(
            wanted.owner_id, new, order=order, summary=summary, now_ms=now_ms, key=None
        )

    async def _replaced(self, playlist_id: str, wanted: ManagedPlaylist) -> str:
        chosen = await self._chosen(wanted)

        async def decide(writing: Writing) -> Edited:
            head = writing.head
            if head.deleted_at_ms is not None:
                raise unknown_user_error(head.owner_id)
            if head.managed_edition < wanted.edition:
                current = await writing.content(head.revision)
                order = chosen_order(chosen, head.owner_id, self._clock(), current.order)
                content = Content(wanted.title, wanted.description, order)
                await self._revisions.record(
                    writing, current, content, head.owner_id, kind=Kind.EVALUATION
                )
                writing.change(replace(writing.head, managed_edition=wanted.edition))
            return Edited(writing.head.snapshot_id)

        edited, _ = await self._writer.write(playlist_id, None, decide)
        return edited.snapshot_id

    async def _chosen(self, wanted: ManagedPlaylist) -> list[tuple[str, int]]:
        known = await self._tracks.require(wanted.track_ids)
        return [(track_id, known[track_id].duration_ms) for track_id in wanted.track_ids]
