"""Ports in memory, for unit tests and for what needs no store. Loses all with the process."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from meshkit.faults import NotFound, Unavailable
from meshkit.principal import current_principal
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.liveness import Liveness, LivePosition
from playback_svc.domain.plans import Plan, Playable
from playback_svc.domain.player_state import Track
from playback_svc.ports.clients import Friend


@dataclass
class MemoryPositions:
    """A ``PositionStore`` that can be taken away with ``away``."""

    since_ms: int = 0
    away: bool = False
    kept: dict[str, LivePosition] = field(default_factory=dict)

    async def put(self, positions: Sequence[LivePosition]) -> None:
        self._answer()
        for position in positions:
            held = self.kept.get(position.session_id)
            if held is None or held.seq <= position.seq:
                self.kept[position.session_id] = position

    async def get(self, session_ids: Sequence[str]) -> list[Liveness]:
        self._answer()
        return [Liveness(self.kept.get(session_id), self.since_ms) for session_id in session_ids]

    async def erase(self, session_ids: Sequence[str]) -> None:
        self._answer()
        for session_id in session_ids:
            self.kept.pop(session_id, None)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The live positions cannot be reached.")


@dataclass
class MemoryCatalogue:
    """A ``Catalogue`` of what it was given, ``orders`` by album or artist; down with ``away``."""

    known: dict[str, Playable] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    away: bool = False

    async def playable(self, track_id: str) -> Playable:
        self._answer()
        if track_id not in self.known:
            raise NotFound("No such track.", metadata={"resource": "track", "id": track_id})
        return self.known[track_id]

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        self._answer()
        return {name: self.known[name].track for name in track_ids if name in self.known}

    async def album(self, album_id: str) -> Listing:
        return self._listing("album", album_id)

    async def artist(self, artist_id: str) -> Listing:
        return self._listing("artist", artist_id)

    def _listing(self, kind: str, name: str) -> Listing:
        self._answer()
        if name not in self.orders:
            raise NotFound(f"No such {kind}.", metadata={"resource": kind, "id": name})
        return Listing.of(Entry(track_id) for track_id in self.orders[name])

    async def artists(self, listing: Listing) -> Sequence[bytes]:
        self._answer()
        entries = listing.slice(0)
        return [
            hashlib.sha256(self.known[entry.track_id].track.artist.encode()).digest()[:16]
            if entry.track_id in self.known
            else bytes(16)
            for entry in entries
        ]

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The catalogue cannot answer now.")


@dataclass
class MemoryPlaylists:
    """``Playlists`` that it was given, open to all, and ``Friends``; down with ``away``."""

    lists: dict[str, Listing] = field(default_factory=dict)
    followed: dict[str, list[Friend]] = field(default_factory=dict)
    away: bool = False

    async def playlist(self, playlist_id: str) -> Listing:
        self._answer()
        if playlist_id not in self.lists:
            named = {"resource": "playlist", "id": playlist_id}
            raise NotFound("No such playlist.", metadata=named)
        return self.lists[playlist_id]

    async def friends(self, limit: int) -> Sequence[Friend]:
        self._answer()
        return self.followed.get(current_principal().user_id, [])[:limit]

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The playlists cannot answer now.")


@dataclass
class MemoryPlans:
    """A tier table that it was given."""

    plans: dict[str, Plan] = field(default_factory=dict)

    async def plan(self, tier: str) -> Plan:
        if tier not in self.plans:
            raise Unavailable("The plans cannot be read now.")
        return self.plans[tier]
