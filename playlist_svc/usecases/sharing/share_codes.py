"""What a code of a link opens, and how often someone may try one."""

from __future__ import annotations

from meshkit.faults import ResourceExhausted
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.sharing import Share, ShareInvalid, digest
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.ports.sharing import AttemptLimiter, ShareStore


class ShareCodes:
    """Finds what a code opens, and bounds how often someone may try."""

    def __init__(
        self, store: PlaylistStore, shares: ShareStore, attempts: AttemptLimiter, *, clock: Clock
    ) -> None:
        self._store = store
        self._shares = shares
        self._attempts = attempts
        self._clock = clock

    async def open(self, who: str, code: str) -> tuple[Share, Head]:
        """The link of a code that is in force, and its playlist.

        Whatever the code is, one digest is made and looked for. ShareInvalid, which counts as two
        attempts; ResourceExhausted (LIMIT_REACHED).
        """
        await self._count(who)
        try:
            return await self._opened(code)
        except ShareInvalid:
            await self.failed(who)
            raise

    async def failed(self, who: str) -> None:
        """Count a code that turned out to be wrong."""
        await self._attempts.failed(who, self._clock())

    async def _count(self, who: str) -> None:
        wait_ms = await self._attempts.begin(who, self._clock())
        if wait_ms:
            raise ResourceExhausted(
                "Too many links were tried in the last minute.",
                metadata={"limit": "share_tries_per_minute"},
                retry_after_s=wait_ms / 1000,
            )

    async def _opened(self, code: str) -> tuple[Share, Head]:
        share = await self._shares.find(digest(code))
        if share is None:
            raise ShareInvalid
        head = await self._store.head(share.playlist_id)
        if head is None or not share.opens(head, self._clock()):
            raise ShareInvalid
        return share, head
