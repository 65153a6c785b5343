"""Writes about links, made with the playlist held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from meshkit.idempotency import RequestKey
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.usecases.access import Access, RoleMissing


class OwnerWrites:
    """Has owners of playlists decide while nobody else does."""

    def __init__(self, store: PlaylistStore, access: Access) -> None:
        self._store = store
        self._access = access

    async def __call__(
        self,
        caller: str,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        """The answer of ``decide``, or of an equal request before; NotFound, PermissionDenied."""
        try:
            return await self._store.write(playlist_id, key, decide)
        except RoleMissing as missing:
            raise await self._access.role_error(missing.head, caller, missing.role) from None
