"""The catalogue's tracks, in a copy of rec_svc's own that follows it within seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from rec_svc.domain.tracks import Track


class Tracks(Protocol):
    """The tracks that the catalogue has now; one that left it or is hidden is not among them."""

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """Those of ``track_ids`` (ULIDs, at most 1,000) that there are."""
        ...

    async def of_artists(self, artist_ids: Collection[str], limit: int) -> Sequence[Track]:
        """The newest tracks of the artists, at most ``limit`` in all."""
        ...

    async def popular(self, limit: int) -> Sequence[Track]:
        """The most heard first, at most ``limit``; where nothing was heard yet, the newest."""
        ...
