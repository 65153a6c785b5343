"""Changes of who has a role in a playlist, made with the playlist held."""

from __future__ import annotations

from collections.abc import Callable

from meshkit.idempotency import RequestKey
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.usecases.access import Access, RoleMissing


class MemberChanges:
    """Changes members with the playlist held."""

    def __init__(self, store: PlaylistStore, access: Access) -> None:
        self._store = store
        self._access = access

    async def __call__(
        self,
        playlist_id: str,
        change: Callable[[Head], Head],
        key: RequestKey | None = None,
        answer: Callable[[Head], bytes] = lambda _: b"",
    ) -> bytes:
        """Makes ``change``, which may be given a deleted playlist; what it raises.

        Answers what ``answer`` makes of the playlist after it; an equal ``key`` changes nothing and
        gives the first answer.
        """

        async def decide(writing: Writing) -> bytes:
            held = writing.head
            changed = change(held)
            return answer(held if changed is held else writing.change(changed))

        return await self._store.write(playlist_id, key, decide)

    async def by(
        self,
        playlist_id: str,
        caller: str,
        change: Callable[[Head], Head],
        key: RequestKey | None,
        answer: Callable[[Head], bytes] = lambda _: b"",
    ) -> bytes:
        """As calling it, for ``caller``: NotFound or PermissionDenied where ``change`` finds that
        the caller's role does not suffice."""
        try:
            return await self(playlist_id, change, key, answer)
        except RoleMissing as missing:
            raise await self._access.role_error(missing.head, caller, missing.role) from None
