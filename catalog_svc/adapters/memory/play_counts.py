"""Plays counted in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog_svc.adapters.memory.entities import MemoryEntities
from catalog_svc.domain.plays import Play, outgrown, sum_streams
from meshkit.replicas import MemoryReplica


class MemoryPlayCounts(MemoryReplica[Play]):
    """``PlayCounts`` beside the tracks that it counts.

    ``survivor`` says into which track one was merged: itself for most.
    """

    def __init__(self, names: MemoryEntities, survivor: Callable[[str], str]) -> None:
        super().__init__()
        self._names = names
        self._survivor = survivor
        self._counted: set[str] = set()
        self._told: dict[str, int] = {}

    def _store(self, changes: Sequence[Play], generation: int) -> None:
        fresh = {play.id for play in changes} - self._counted
        for one in sum_streams(changes, fresh):
            self._names.play(self._survivor(one.track_id), one.total)
        self._counted |= fresh

    async def prune(self) -> int:
        """See ``PlayCounts.prune``: nothing grows old here."""
        return 0

    async def publish_outgrown(self, *, after: str, limit: int) -> list[str]:
        totals = {track.id: track.streams_total for track in self._names.tracks()}
        grown = sorted(
            track_id
            for track_id, total in totals.items()
            if track_id > after and outgrown(total, self._told.get(track_id, 0))
        )[:limit]
        for track_id in grown:
            self._told[track_id] = totals[track_id]
            self._names.retell(track_id)
        return grown
