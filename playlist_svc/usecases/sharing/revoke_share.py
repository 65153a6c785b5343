"""Revoke a link of a playlist."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.refusals import unknown_share_error
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.sharing import ShareStore
from playlist_svc.usecases.access import require_role
from playlist_svc.usecases.sharing.owner_writes import OwnerWrites


class RevokeShare:
    """Revokes links for owners."""

    def __init__(self, write: OwnerWrites, shares: ShareStore, clock: Clock) -> None:
        self._write = write
        self._shares = shares
        self._clock = clock

    async def __call__(
        self, caller: str, playlist_id: str, share_id: str, key: RequestKey | None = None
    ) -> None:
        """End a link: who asks for it after this is refused. NotFound, PermissionDenied."""

        async def decide(writing: Writing) -> bytes:
            require_role(writing.head, caller, Role.OWNER)
            if not await self._shares.revoke(writing, share_id, self._clock()):
                raise unknown_share_error(share_id)
            return b""

        await self._write(caller, playlist_id, key, decide)
