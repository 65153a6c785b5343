"""Follow a playlist."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases.access import Access


class FollowPlaylist:
    """Has users follow playlists that they may see."""

    def __init__(self, store: PlaylistStore, access: Access, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    async def __call__(self, playlist_id: str, user_id: str, key: RequestKey | None = None) -> int:
        """Has the user follow; how many do now.

        NotFound; FailedPrecondition for one's own, and (COLLECTION_FULL) for too many.
        """
        answered = await self._store.stored_answer(key)
        if answered is not None:
            return int(answered)
        head = await self._access.visible(playlist_id, user_id)
        if head.owner_id == user_id:
            raise FailedPrecondition("The playlist is yours: there is nothing to follow.")
        return await self._store.follow(playlist_id, user_id, self._clock(), key)
