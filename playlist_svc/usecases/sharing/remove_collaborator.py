"""Take a role in a playlist away."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition, NotFound
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import without_member
from playlist_svc.domain.playlist import Head
from playlist_svc.usecases.access import require_role
from playlist_svc.usecases.sharing.member_changes import MemberChanges


class RemoveCollaborator:
    """Takes roles away for owners, and has members leave."""

    def __init__(self, change: MemberChanges) -> None:
        self._change = change

    async def __call__(
        self, caller: str, playlist_id: str, user_id: str, key: RequestKey | None = None
    ) -> None:
        """Take a user's role away. Whoever has none and asks for themselves has nothing to lose.

        NotFound, PermissionDenied, FailedPrecondition when the owner would leave.
        """

        def change(held: Head) -> Head:
            if user_id != caller:
                require_role(held, caller, Role.OWNER)
            elif held.deleted_at_ms is None and held.owner_id == caller:
                raise FailedPrecondition("The owner cannot leave the playlist: transfer it first.")
            return without_member(held, user_id)

        try:
            await self._change.by(playlist_id, caller, change, key)
        except NotFound:
            if user_id != caller:
                raise
