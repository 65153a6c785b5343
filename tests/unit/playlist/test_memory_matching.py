"""Matching inside one process, under the suite of the port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playlist_svc.adapters.memory.matching import MemoryMatching
from playlist_svc.ports.tracks import Track
from tests.contracts.playlist.matching_suite import Known, MatchingSuite


class TestMemoryMatching(MatchingSuite):
    @asynccontextmanager
    async def matching(self, *known: Known) -> AsyncIterator[MemoryMatching]:
        yield MemoryMatching(map(_track, known))


def _track(known: Known) -> Track:
    return Track(
        track_id=known.track_id,
        title=known.title,
        artist=known.artist,
        artist_id="",
        album="",
        album_id="",
        disc_number=0,
        track_number=0,
        duration_ms=known.duration_ms,
        year=0,
        genres=(),
        streams_total=0,
        artwork_path="",
        created_at_ms=0,
    )
