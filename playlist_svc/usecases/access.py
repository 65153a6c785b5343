"""Who may see and do what: a head is only ever given to whoever may know of it."""

from __future__ import annotations

from meshkit.faults import Fault, NotFound, PermissionDenied
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import playlist_is_managed_error, unknown_resource_error
from playlist_svc.ports.playlists import HeadCache, PlaylistRelation, PlaylistStore


def unknown_playlist_error(playlist_id: str) -> NotFound:
    """The fault for a playlist that does not exist, or that the caller may not know of."""
    return unknown_resource_error("playlist", playlist_id)


class RoleMissing(Exception):
    """The user's role does not suffice; found while the playlist is held, answered after it.

    Whether a stranger may know of the playlist is another query, and a writer that waited for a
    second connection while it holds one could wait for ever.
    """

    def __init__(self, head: Head, role: Role) -> None:
        super().__init__("the role does not suffice")
        self.head = head
        self.role = role


def require_role(head: Head, user_id: str, role: Role) -> Head:
    """``head`` if the user may change it, having ``role`` in it, or more.

    NotFound when deleted; RoleMissing; FailedPrecondition (PLAYLIST_IS_MANAGED).
    """
    if head.deleted_at_ms is not None:
        raise unknown_playlist_error(head.playlist_id)
    if head.role_of(user_id) < role:
        raise RoleMissing(head, role)
    if head.managed_by:
        raise playlist_is_managed_error()
    return head


class Access:
    """Reads heads, from the cache where it has them, and judges what a user may do.

    The owner and collaborators cost no query beyond that; strangers cost one.
    """

    def __init__(self, store: PlaylistStore, cache: HeadCache) -> None:
        self._store = store
        self._cache = cache

    async def head(self, playlist_id: str) -> Head:
        """The playlist as this service knows it. NotFound for an unknown or deleted one."""
        head = await self._cache.get(playlist_id)
        if head is None:
            return await self.newest(playlist_id)
        if head.deleted_at_ms is not None:
            raise unknown_playlist_error(playlist_id)
        return head

    async def newest(self, playlist_id: str) -> Head:
        """The playlist as the store has it, and the cache from now on. NotFound as `head`."""
        head = await self._store.head(playlist_id)
        if head is None:
            raise unknown_playlist_error(playlist_id)
        await self._cache.put([head])
        if head.deleted_at_ms is not None:
            raise unknown_playlist_error(playlist_id)
        return head

    async def visible(self, playlist_id: str, user_id: str) -> Head:
        """The playlist, if the user may see it; NotFound otherwise."""
        head = await self.head(playlist_id)
        if not await self.sees(head, user_id):
            raise unknown_playlist_error(playlist_id)
        return head

    async def sees(self, head: Head, user_id: str) -> bool:
        """Whether the user may see the playlist."""
        if head.deleted_at_ms is not None:
            return False
        if head.role_of(user_id) > Role.STRANGER:
            return True
        return await self._admitted(head, user_id) is not None

    async def _admitted(self, head: Head, user_id: str) -> PlaylistRelation | None:
        """How a user without a role stands to a playlist that the user sees; None when not."""
        if head.visibility is Visibility.PRIVATE:
            return None
        standing = await self._store.relation(head.playlist_id, head.owner_id, user_id)
        seen = head.visibility is Visibility.PUBLIC or standing.follows
        return standing if seen and not standing.blocked else None

    async def visible_to(self, playlist_id: str, user_id: str) -> tuple[Head, bool]:
        """As ``visible``, and whether the user follows it: one query at most for both."""
        head = await self.head(playlist_id)
        if head.role_of(user_id) > Role.STRANGER:
            return head, await self.follows(head, user_id)
        standing = await self._admitted(head, user_id)
        if standing is None:
            raise unknown_playlist_error(playlist_id)
        return head, standing.follows

    async def require(self, head: Head, user_id: str, role: Role) -> None:
        """PermissionDenied when the user sees the playlist with a lower role; NotFound when not."""
        if head.deleted_at_ms is not None or head.role_of(user_id) < role:
            raise await self.role_error(head, user_id, role)

    async def role_error(self, head: Head, user_id: str, role: Role) -> Fault:
        """What a user without ``role`` is told: PermissionDenied to whoever sees the playlist."""
        if not await self.sees(head, user_id):
            return unknown_playlist_error(head.playlist_id)
        return PermissionDenied(f"This needs the role {role.name.lower()} in the playlist.")

    async def follows(self, head: Head, user_id: str) -> bool:
        """Whether the user follows the playlist; nobody follows what is their own."""
        if head.owner_id == user_id:
            return False
        return (await self._store.relation(head.playlist_id, head.owner_id, user_id)).follows

    async def blocked(self, owner_id: str, user_id: str) -> bool:
        """Whether ``owner_id`` has blocked the user."""
        if owner_id == user_id:
            return False
        return (await self._store.relation("", owner_id, user_id)).blocked
