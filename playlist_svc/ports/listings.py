"""Playlists seen as a set: which are public, and which of them a user follows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from playlist_svc.domain.playlist import Head


class Listings(Protocol):
    """Reads over many playlists."""

    async def public_heads(self, after: str, limit: int) -> list[Head]:
        """At most ``limit`` public playlists that are not deleted, by rising id, those after the
        id ``after`` (empty: the first)."""
        ...

    async def all_heads(self, after: str, limit: int) -> list[Head]:
        """As ``public_heads``, whatever their visibility."""
        ...

    async def followed(self, user_id: str, playlist_ids: Collection[str]) -> frozenset[str]:
        """Those of the playlists that the user follows."""
        ...
