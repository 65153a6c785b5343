"""Reads of the catalogue, and its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from catalog_svc.domain.catalogue import Album, Artist, Playable, Track
from meshkit.feeds import FeedBatch


class Catalogue(Protocol):
    """Reads. A track that was merged into another must be found under both ids."""

    async def track(self, track_id: str) -> Track | None:
        """The track, or None."""
        ...

    async def tracks(self, *, after: tuple[int, str] | None, limit: int) -> list[Track]:
        """Tracks by (created_at desc, id desc); ``after`` is (created_at in µs, id)."""
        ...

    async def album(self, album_id: str) -> Album | None:
        """The album, or None."""
        ...

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        """Tracks of an album by (disc, number, id)."""
        ...

    async def artist(self, artist_id: str) -> Artist | None:
        """The artist, or None."""
        ...

    async def top_tracks(self, artist_id: str, *, limit: int) -> list[Track]:
        """Tracks of an artist by (streams_total desc, id desc)."""
        ...


class Playables(Protocol):
    """What playback asks for."""

    async def playable(self, track_id: str) -> Playable | None:
        """The track and its newest descriptor, or None."""
        ...

    async def want(self, track_id: str) -> None:
        """Must move the waiting work on the track's first rungs before all other work."""
        ...


class ChangeLog(Protocol):
    """The feed of the catalogue's changes, see ``meshkit.feeds.ChangeFeed``."""

    async def oldest(self) -> str:
        """The token before the oldest change that is kept."""
        ...

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """Batches after ``token`` as they happen, none of them empty, until ``stop`` is set."""
        ...
