"""Delete a playlist, which its owner can recover for 30 days."""

from __future__ import annotations

from dataclasses import replace

from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import playlist_is_managed_error
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.access import Access, RoleMissing
from playlist_svc.usecases.writing import Command, Edited, Writer


class DeletePlaylist:
    """Deletes playlists for their owners."""

    def __init__(self, writer: Writer, access: Access, clock: Clock) -> None:
        self._writer = writer
        self._access = access
        self._clock = clock

    async def __call__(self, command: Command) -> None:
        """Deletes; what the owner deleted already stays so. NotFound, PermissionDenied."""
        user_id = command.user_id

        async def decide(writing: Writing) -> Edited:
            head = _require_owner(writing.head, user_id)
            if head.deleted_at_ms is None:
                writing.change(replace(head, deleted_at_ms=self._clock()))
            return Edited("")

        try:
            await self._writer.write(command.playlist_id, command.key, decide)
        except RoleMissing as missing:
            raise await self._access.role_error(missing.head, user_id, missing.role) from None


def _require_owner(head: Head, user_id: str) -> Head:
    if head.owner_id != user_id:
        raise RoleMissing(head, Role.OWNER)
    if head.managed_by:
        raise playlist_is_managed_error()
    return head
