"""What the catalogue keeps of plays: how often each track was played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from catalog_svc.domain.plays import MostPlayed, Play, Streams
from meshkit.consuming import Replica


class PlayCounts(Replica[Play], Protocol):
    """Counts plays into the streams of their tracks, each play exactly once.

    A play may be told any number of times, in one batch, in several, and to several instances at
    once: its id must be remembered in the commit that counts it, until ``prune``. Plays of a
    track that was merged into another must count for that one; those of unknown tracks for none.
    Counting must write nothing to the catalogue's feed.
    """

    async def prune(self) -> int:
        """Drop the ids of plays that cannot be told again; returns how many went."""
        ...

    async def publish_outgrown(self, *, after: str, limit: int) -> list[str]:
        """Write to the catalogue's feed the tracks whose count is ``outgrown``, by id.

        At most ``limit`` of those behind the id ``after``; returns their ids. The feed must get
        each with a new version, in the commit that remembers its count as told.
        """
        ...


class PlayedTracks(Protocol):
    """Reads of tracks by how often they were played."""

    async def most_played(self, limit: int) -> list[Streams]:
        """The tracks that were played most, those that were refused left out."""
        ...


class MostPlayedCache(Protocol):
    """The list of the most played, shared by all instances; it may be lost at any time.

    While its store is away nothing is held, and whoever asks may load.
    """

    async def get(self) -> MostPlayed | None:
        """The list, an hour old at most; None when there is none."""
        ...

    async def may_load(self) -> bool:
        """Whether the caller is the one who is to make the list anew.

        Must be true for one caller at a time, until it has put the list or seconds have passed.
        """
        ...

    async def put(self, most_played: MostPlayed) -> None:
        """Hold a list for an hour, unless one is held that was made later.

        An empty one is not held: it would hide for an hour what is imported next.
        """
        ...


class PlayOrders(Protocol):
    """Tracks in bulk, for whoever plays them: ids alone, those of refused tracks left out."""

    async def album_order(self, album_id: str, *, limit: int) -> Sequence[str]:
        """The tracks of an album by (disc, number, id)."""
        ...

    async def artist_order(self, artist_id: str, *, limit: int) -> Sequence[str]:
        """The tracks of an artist by (streams_total desc, id desc)."""
        ...

    async def artist_ids(self, track_ids: Sequence[str]) -> Sequence[str]:
        """The artist of each track, in the same order; empty for an unknown track."""
        ...
