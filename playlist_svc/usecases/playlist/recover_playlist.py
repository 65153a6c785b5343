"""Bring a deleted playlist back."""

from __future__ import annotations

from dataclasses import replace

from playlist_svc.domain.playlist import RECOVERABLE_MS, Head
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.access import Access, unknown_playlist_error
from playlist_svc.usecases.writing import Command, Edited, Writer


class RecoverPlaylist:
    """Brings back what was deleted at most 30 days ago."""

    def __init__(self, writer: Writer, access: Access, clock: Clock) -> None:
        self._writer = writer
        self._access = access
        self._clock = clock

    async def __call__(self, command: Command) -> Head:
        """Brings back what the user owns; a retry gets it as it is now.

        NotFound when it is not the user's, or deleted for too long.
        """
        playlist_id, user_id = command.playlist_id, command.user_id

        async def decide(writing: Writing) -> Edited:
            head = writing.head
            if head.owner_id != user_id:
                raise unknown_playlist_error(playlist_id)
            if head.deleted_at_ms is not None:
                if self._clock() - head.deleted_at_ms > RECOVERABLE_MS:
                    raise unknown_playlist_error(playlist_id)
                writing.change(replace(head, deleted_at_ms=None))
            return Edited("")

        _, head = await self._writer.write(playlist_id, command.key, decide)
        return head or await self._access.visible(playlist_id, user_id)
