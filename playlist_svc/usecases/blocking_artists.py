"""Artists of whom a user wants nothing recommended."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playlist_svc.domain.library import SavedPage
from playlist_svc.domain.social import Artist
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.library import Shelf
from playlist_svc.ports.social import Artists


class BlockingArtists:
    """Blocks artists. It is a wish: what the user follows, saves and plays stays as it is."""

    def __init__(self, blocked: Shelf[Artist], artists: Artists, clock: Clock) -> None:
        self._blocked = blocked
        self._artists = artists
        self._clock = clock

    async def block(self, user_id: str, artist_id: str, key: RequestKey | None) -> None:
        """Block an artist; who is blocked already keeps the time. NotFound, FailedPrecondition."""
        if await self._blocked.answered(key) is not None:
            return
        artist = (await self._artists.existing([artist_id]))[artist_id]
        await self._blocked.save(user_id, [artist], self._clock(), key)

    async def unblock(self, user_id: str, artist_id: str, key: RequestKey | None) -> None:
        """Block an artist no longer."""
        await self._blocked.remove(user_id, [artist_id], self._clock(), key)

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> SavedPage[Artist]:
        """The blocked artists after a key (time in µs, id), the latest first."""
        return await self._blocked.page(user_id, after, limit)
