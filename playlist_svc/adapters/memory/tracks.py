"""The replica of the catalogue in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from meshkit.replicas import MemoryReplica, ToldAt
from playlist_svc.adapters.memory import rules as memory_rules
from playlist_svc.adapters.memory.catalogue_names import MemoryCatalogueNames
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.catalogue_replica import CatalogueChange
from playlist_svc.ports.tracks import Catalogue, Track, TrackChange

SavedAt = Callable[[str], Mapping[str, int]]
"""When a user saved which tracks: the user's id to track ids with Unix milliseconds."""


@dataclass(slots=True)
class _Row:
    told_at: ToldAt
    track: Track | None
    available: bool = True


class MemoryTracks(MemoryReplica[CatalogueChange]):
    """``Tracks`` and ``CatalogueReplica`` of one process; ``names`` are its ``CatalogueNames``."""

    def __init__(self, catalogue: Catalogue, saved_at: SavedAt = lambda _: {}) -> None:
        super().__init__()
        self.names = MemoryCatalogueNames()
        self._catalogue = catalogue
        self._saved_at = saved_at
        self._rows: dict[str, _Row] = {}

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        rows = {id_: self._rows[id_] for id_ in track_ids if id_ in self._rows}
        return {
            id_: replace(row.track, available=row.available)
            for id_, row in rows.items()
            if row.track is not None
        }

    async def require(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        unknown = [id_ for id_ in dict.fromkeys(track_ids) if id_ not in await self.named([id_])]
        if unknown:
            asked_at = ToldAt(self._generation, 0)
            for track in await self._catalogue.tracks(unknown):
                self._rows.setdefault(track.track_id, _Row(asked_at, track))
        found = await self.named(track_ids)
        for id_ in track_ids:
            if id_ not in found or not found[id_].available:
                raise unknown_resource_error("track", id_)
        return found

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        available = [row.track for row in self._rows.values() if row.track and row.available]
        chosen = memory_rules.select(rule, available, self._saved_at(owner_id), owner_id, now_ms)
        return [(track.track_id, track.duration_ms) for track in chosen]

    def _store(self, changes: Sequence[CatalogueChange], generation: int) -> None:
        for change in changes:
            if not isinstance(change, TrackChange):
                self.names.store(change, generation)
                continue
            held = self._rows.get(change.id)
            told_at = ToldAt(generation, change.version)
            if held is None or held.told_at < told_at:
                known = held.track if held else None
                available = change.track is not None
                self._rows[change.id] = _Row(told_at, change.track or known, available=available)

    def _drop_untold(self, generation: int) -> None:
        for row in self._rows.values():
            row.available = row.available and row.told_at.generation >= generation
