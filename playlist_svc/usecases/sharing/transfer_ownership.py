"""Hand a playlist on to one of its members."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import owned_by
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases.access import Access, require_role
from playlist_svc.usecases.sharing.member_changes import MemberChanges


class TransferOwnership:
    """Makes a member the owner."""

    def __init__(
        self, store: PlaylistStore, change: MemberChanges, access: Access, clock: Clock
    ) -> None:
        self._store = store
        self._change = change
        self._access = access
        self._clock = clock

    async def __call__(
        self, caller: str, playlist_id: str, user_id: str, key: RequestKey | None = None
    ) -> Head:
        """Make a member the owner; the playlist as it is now.

        NotFound (playlist, or a user who is no member), PermissionDenied.
        """

        def change(held: Head) -> Head:
            if held.owner_id == user_id:
                # Where the caller handed it on before, this is the same call again.
                return require_role(held, caller, Role.EDITOR)
            require_role(held, caller, Role.OWNER)
            if held.role_of(user_id) is Role.STRANGER:
                raise unknown_resource_error("collaborator", user_id)
            return owned_by(held, user_id, self._clock())

        await self._change.by(playlist_id, caller, change, key)
        head = await self._access.newest(playlist_id)
        if head.owner_id == user_id and head.follower_count:
            # Nobody follows their own; repeating the call finishes what a crash left.
            await self._store.unfollow(playlist_id, user_id)
            head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.VIEWER)
        return head
