"""Users and tracks as tests of the library and of following know them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshkit.faults import NotFound
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.tracks import Track


@dataclass
class KnownPeople:
    """The ``People`` who were put into ``known``: names by id."""

    known: dict[str, str] = field(default_factory=dict)

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        return {one: self.known[one] for one in user_ids if one in self.known}

    async def require(self, user_ids: Collection[str]) -> Mapping[str, str]:
        for user_id in user_ids:
            if user_id not in self.known:
                raise NotFound("Unknown.", metadata={"resource": "user", "id": user_id})
        return {one: self.known[one] for one in user_ids}


@dataclass
class KnownTracks:
    """The ``Tracks`` that were put into ``known``."""

    known: dict[str, Track] = field(default_factory=dict)

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        return {one: self.known[one] for one in track_ids if one in self.known}

    async def require(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        for track_id in track_ids:
            if track_id not in self.known or not self.known[track_id].available:
                raise NotFound("Unknown.", metadata={"resource": "track", "id": track_id})
        return await self.named(track_ids)

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        return []


def a_track(track_id: str, **changed: Any) -> Track:
    plain: dict[str, Any] = {
        "title": "Wind",
        "artist": "The Föhn",
        "artist_id": "01JD4Q8Z7Y1V9K2M5N6P7R8S9A",
        "album": "South",
        "album_id": "01JD4Q8Z7Y1V9K2M5N6P7R8S9B",
        "disc_number": 1,
        "track_number": 2,
        "duration_ms": 201_500,
        "year": 1998,
        "genres": (),
        "streams_total": 0,
        "artwork_path": "/media/v1/artwork/w",
        "created_at_ms": 0,
    }
    return Track(**{"track_id": track_id, **plain, **changed})
