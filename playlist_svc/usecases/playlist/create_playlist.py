"""Make a playlist, empty or by a rule."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.new_playlists import (
    NewPlaylist,
    NewPlaylists,
    PlaylistCreator,
    chosen_order,
    created_with,
)


class CreatePlaylist:
    """Makes playlists. FailedPrecondition (COLLECTION_FULL) for one too many of a user."""

    def __init__(
        self,
        store: NewPlaylists,
        tracks: Tracks,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._make = PlaylistCreator(store, tracks, new_id)
        self._tracks = tracks
        self._clock = clock

    async def __call__(self, owner_id: str, new: NewPlaylist, key: RequestKey | None) -> Head:
        """Makes it, or gives the one that an equal request made, as it was then."""
        now_ms = self._clock()
        chosen = await self._tracks.select(new.rule, owner_id, now_ms) if new.rule else []
        order = chosen_order(chosen, owner_id, now_ms)
        summary = created_with(len(order))
        return await self._make(owner_id, new, order=order, summary=summary, now_ms=now_ms, key=key)
