"""The copy of the catalogue's tracks in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from playlist_svc.adapters.memory import rules as memory_rules
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.tracks import Catalogue, Track, TrackChange

SavedAt = Callable[[str], Mapping[str, int]]
"""When a user saved which tracks: the user's id to track ids with Unix milliseconds."""


@dataclass(slots=True)
class _Row:
    version: int
    listing: int
    track: Track | None
    available: bool = True


class MemoryTracks:
    """``Tracks`` and ``TrackReplica`` of one process."""

    def __init__(self, catalogue: Catalogue, saved_at: SavedAt = lambda _: {}) -> None:
        self._catalogue = catalogue
        self._saved_at = saved_at
        self._rows: dict[str, _Row] = {}
        self._token = ""
        self._listing = 0

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        rows = {id_: self._rows[id_] for id_ in track_ids if id_ in self._rows}
        return {
            id_: replace(row.track, available=row.available)
            for id_, row in rows.items()
            if row.track is not None
        }

    async def existing(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        unknown = [id_ for id_ in dict.fromkeys(track_ids) if id_ not in await self.named([id_])]
        if unknown:
            listing = self._listing
            for track in await self._catalogue.tracks(unknown):
                self._rows.setdefault(track.track_id, _Row(0, listing, track))
        found = await self.named(track_ids)
        for id_ in track_ids:
            if id_ not in found or not found[id_].available:
                raise unknown_resource_error("track", id_)
        return found

    async def chosen(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        available = [row.track for row in self._rows.values() if row.track and row.available]
        chosen = memory_rules.chosen(rule, available, self._saved_at(owner_id), owner_id, now_ms)
        return [(track.track_id, track.duration_ms) for track in chosen]

    async def resume_token(self) -> str:
        return self._token

    async def begin_listing(self) -> int:
        self._listing += 1
        return self._listing

    async def store(
        self, changes: Sequence[TrackChange], resume_token: str, listing: int | None = None
    ) -> None:
        number = self._listing if listing is None else listing
        for change in changes:
            held = self._rows.get(change.track_id)
            anew = listing is not None and change.track is not None
            if held and held.version >= change.version and not (anew and held.listing < number):
                continue
            known = held.track if held else None
            self._rows[change.track_id] = _Row(
                change.version, number, change.track or known, available=change.track is not None
            )
        self._token = resume_token or self._token

    async def drop_untold(self, listing: int) -> None:
        for row in self._rows.values():
            row.available = row.available and row.listing >= listing
