"""Find the tracks that the entries of a file mean."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass

from playlist_svc.domain.formats import FileEntry, track_id_of
from playlist_svc.ports.matching import MOST_DESCRIPTIONS, Description, Match, Matching
from playlist_svc.ports.tracks import Catalogue, Track, Tracks

BATCH = MOST_DESCRIPTIONS
"""Entries that are looked for together."""
IN_FLIGHT = 4
"""Batches of one file that are looked for at a time; each has one call in flight."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the entry at ``index`` (from 0) of a file; no track where nothing is like it.

    ``track`` is None exactly for NONE.
    """

    index: int
    entry: FileEntry
    match: Match
    track: Track | None


class FindTracks:
    """Takes entries by the id that they name, and has the catalogue match the others.

    An id that no track of the catalogue has is as good as none.
    """

    def __init__(self, tracks: Tracks, catalogue: Catalogue, matching: Matching) -> None:
        self._tracks = tracks
        self._catalogue = catalogue
        self._matching = matching

    async def __call__(self, entries: Sequence[FileEntry]) -> AsyncGenerator[list[Found], None]:
        """What became of all entries, batch by batch in their order. Raises Unavailable.

        Nothing goes on when this is closed.
        """
        running: deque[asyncio.Task[list[Found]]] = deque()
        try:
            for start in range(0, len(entries), BATCH):
                batch = entries[start : start + BATCH]
                running.append(asyncio.create_task(self._batch(start, batch)))
                if len(running) == IN_FLIGHT:
                    yield await running.popleft()
            while running:
                yield await running.popleft()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _batch(self, start: int, entries: Sequence[FileEntry]) -> list[Found]:
        ids = [track_id_of(entry) or "" for entry in entries]
        known = await self._existing(set(ids) - {""})
        described = [
            entry
            for entry, track_id in zip(entries, ids, strict=True)
            if track_id not in known and entry.title
        ]
        matched = iter(await self._matched(described))
        found = []
        for index, (entry, track_id) in enumerate(zip(entries, ids, strict=True), start):
            if track_id in known:
                found.append(Found(index, entry, Match.BY_ID, known[track_id]))
            else:
                match, track = next(matched) if entry.title else (Match.NONE, None)
                found.append(Found(index, entry, match, track))
        return found

    async def _matched(self, entries: Sequence[FileEntry]) -> list[tuple[Match, Track | None]]:
        if not entries:
            return []
        matched = await self._matching.match([_said(entry) for entry in entries])
        tracks = await self._existing({one.track_id for one in matched if one.track_id})
        # The index that matched may be behind: what has left the catalogue is no match.
        return [
            (one.match, tracks[one.track_id]) if one.track_id in tracks else (Match.NONE, None)
            for one in matched
        ]

    async def _existing(self, track_ids: Collection[str]) -> dict[str, Track]:
        """Those of the tracks that the catalogue has, asked where the copy does not say so."""
        named = await self._tracks.named(track_ids) if track_ids else {}
        existing = {one: track for one, track in named.items() if track.available}
        missing = sorted(set(track_ids) - existing.keys())
        if missing:
            existing.update({one.track_id: one for one in await self._catalogue.tracks(missing)})
        return existing


def _said(entry: FileEntry) -> Description:
    return Description(entry.title, entry.artist, entry.album, entry.duration_ms or 0)
