"""``ListSimilarTracks``."""

from __future__ import annotations

from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.recommended import RecommendedList
from rec_svc.ports.tracks import Tracks
from rec_svc.usecases.recommending import Listener, Recommending


class ListSimilarTracks:
    """Finds what those like who like a track."""

    def __init__(self, tracks: Tracks, recommending: Recommending) -> None:
        self._tracks = tracks
        self._recommending = recommending

    async def __call__(self, listener: Listener, track_id: str, limit: int) -> RecommendedList:
        """At most ``limit`` tracks. Raises NotFound, Unavailable."""
        if not await self._tracks.tracks([track_id]):
            raise unknown_error("track", track_id)
        return await self._recommending.beside(listener, [track_id], "similar-tracks", limit)
