"""Reads of the catalogue in memory."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.memory.entities import MemoryEntities
from catalog_svc.adapters.memory.playlists import MemoryPlaylistReplica
from catalog_svc.domain.catalogue import (
    Album,
    Artist,
    Genre,
    ReleaseYear,
    Streamable,
    Track,
    TrackState,
)
from catalog_svc.domain.listings import (
    NEWEST,
    AlbumQuery,
    ArtistSort,
    NumberPlace,
    TextPlace,
    TrackPlace,
    TrackQuery,
    album_place,
    artist_place,
    track_place,
)
from catalog_svc.domain.plays import Streams
from meshkit.feeds import Change

T = TypeVar("T")


@dataclass(slots=True)
class CurrentAsset:
    """The newest descriptor of a track."""

    descriptor: str
    rungs: tuple[tuple[str, int], ...]


class MemoryCatalogue:
    """``Catalogue``, ``CatalogueSnapshot``, ``PlayOrders`` and ``PlayedTracks`` over names, and
    where merged tracks lead."""

    __slots__ = ()

    playlists: MemoryPlaylistReplica
    _names: MemoryEntities
    _merged: dict[str, str]
    _assets: dict[str, CurrentAsset]

    async def track(self, track_id: str) -> Track | None:
        track = self._names.track(self.survivor(track_id))
        return None if track is None or track.hidden else track

    async def tracks(
        self, query: TrackQuery = NEWEST, *, after: TrackPlace | None, limit: int
    ) -> list[Track]:
        admitted = [track for track in self._names.every_track() if query.admits(track)]
        return _page({track_place(query.sort, one): one for one in admitted}, after, limit)

    async def albums(
        self, query: AlbumQuery, *, after: TextPlace | NumberPlace | None, limit: int
    ) -> list[Album]:
        albums = [album for key in self._names.albums if (album := self._names.album(key))]
        genres = self._genres(lambda track: track.album_id)
        admitted = [one for one in albums if query.admits(one, genres[one.id])]
        return _page({album_place(query.sort, one): one for one in admitted}, after, limit)

    async def artists(
        self,
        sort: ArtistSort,
        *,
        after: TextPlace | NumberPlace | None,
        limit: int,
        genre: str = "",
    ) -> list[Artist]:
        artists = [artist for key in self._names.artists if (artist := self._names.artist(key))]
        genres = self._genres(lambda track: track.artist_id)
        listed = [one for one in artists if one.living and (not genre or genre in genres[one.id])]
        return _page({artist_place(sort, one): one for one in listed}, after, limit)

    async def genres(self, *, after: str, limit: int) -> list[Genre]:
        counts = Counter(genre for track in self._most_played() for genre in track.genres)
        return [Genre(*one) for one in sorted(counts.items()) if one[0] > after][:limit]

    async def years(self, *, before: int, limit: int) -> list[ReleaseYear]:
        tracks = Counter(track.year for track in self._most_played())
        albums = [album for key in self._names.albums if (album := self._names.album(key))]
        living = Counter(album.year for album in albums if album.living)
        found = sorted((year for year in tracks if 0 < year < before), reverse=True)
        return [ReleaseYear(year, tracks[year], living[year]) for year in found[:limit]]

    async def album(self, album_id: str) -> Album | None:
        return self._names.album(album_id) if self._names.shows_album(album_id) else None

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        found = [track for track in self._names.tracks() if track.album_id == album_id]
        placed = sorted(((t.disc_number, t.track_number, t.id), t) for t in found)
        return [track for place, track in placed if after is None or place > after][:limit]

    async def artist(self, artist_id: str) -> Artist | None:
        return self._names.artist(artist_id) if self._names.shows_artist(artist_id) else None

    async def top_tracks(self, artist_id: str, *, limit: int) -> list[Track]:
        found = [track for track in self._names.tracks() if track.artist_id == artist_id]
        return sorted(found, key=lambda t: (t.streams_total, t.id), reverse=True)[:limit]

    async def tracks_of(self, ids: Collection[str]) -> list[Track]:
        found = [(asked, await self.track(asked)) for asked in set(ids)]
        return [replace(track, id=asked) for asked, track in found if track is not None]

    async def streamable(self, ids: Collection[str]) -> list[Streamable]:
        kept = [
            (track, self._assets.get(self.survivor(track.id)))
            for track in await self.tracks_of(ids)
        ]
        return [
            Streamable(track.id, track.version, asset.descriptor, asset.rungs)
            for track, asset in kept
            if asset is not None
        ]

    async def albums_of(self, ids: Collection[str]) -> list[Album]:
        return [album for key in set(ids) if (album := await self.album(key))]

    async def artists_of(self, ids: Collection[str]) -> list[Artist]:
        return [artist for key in set(ids) if (artist := await self.artist(key))]

    async def album_order(self, album_id: str, *, limit: int) -> Sequence[str]:
        tracks = await self.album_tracks(album_id, after=None, limit=sys.maxsize)
        return [one.id for one in tracks if one.state is not TrackState.FAILED][:limit]

    async def artist_order(self, artist_id: str, *, limit: int) -> Sequence[str]:
        found = [one for one in self._most_played() if one.artist_id == artist_id]
        return [one.id for one in found][:limit]

    async def artist_ids(self, track_ids: Sequence[str]) -> Sequence[str]:
        found = [self._names.track(self.survivor(track_id)) for track_id in track_ids]
        return [track.artist_id if track else "" for track in found]

    async def most_played(self, limit: int) -> list[Streams]:
        return [Streams(one.id, one.streams_total) for one in self._most_played()[:limit]]

    def _genres(self, name: Callable[[Track], str]) -> dict[str, set[str]]:
        """The genres of living tracks by a name of theirs."""
        genres: dict[str, set[str]] = defaultdict(set)
        for track in self._most_played():
            genres[name(track)].update(track.genres)
        return genres

    def _most_played(self) -> list[Track]:
        living = [one for one in self._names.tracks() if one.state is not TrackState.FAILED]
        return sorted(living, key=lambda one: (one.streams_total, one.id), reverse=True)

    def survivor(self, track_id: str) -> str:
        """The track that ``track_id`` leads to: itself unless it was merged."""
        return self._merged.get(track_id, track_id)

    async def everything(self, entities: Collection[str]) -> AsyncIterator[Sequence[Change]]:
        for entity, changes in self._listed():
            if entity in entities and changes:
                yield changes

    def _listed(self) -> list[tuple[str, list[Change]]]:
        names = self._names
        artists = [artist for key in names.artists if (artist := names.artist(key))]
        albums = [album for key in names.albums if (album := names.album(key))]
        return [
            ("artist", [feed_changes.artist_change(one) for one in artists]),
            ("album", [feed_changes.album_change(one) for one in albums]),
            ("track", [feed_changes.track_change(one) for one in names.tracks()]),
            ("playlist", list(self.playlists.changes())),
        ]


def _page(placed: Mapping[Any, T], after: Any, limit: int) -> list[T]:
    """What stands after ``after``: places of texts rise, those of numbers fall."""
    falls = any(isinstance(place[0], int) for place in placed)
    places = sorted(placed, reverse=falls)
    if after is not None:
        places = [place for place in places if (place < after if falls else place > after)]
    return [placed[place] for place in places[:limit]]
