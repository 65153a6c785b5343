"""Albums and artists of the catalogue in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from meshkit.replicas import ToldAt
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange


class MemoryCatalogueNames:
    """``CatalogueNames`` of one process."""

    def __init__(self) -> None:
        self._albums: dict[str, tuple[ToldAt, Album]] = {}
        self._artists: dict[str, tuple[ToldAt, Artist]] = {}

    async def albums(self, album_ids: Collection[str]) -> Mapping[str, Album]:
        return {id_: self._albums[id_][1] for id_ in album_ids if id_ in self._albums}

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        return {id_: self._artists[id_][1] for id_ in artist_ids if id_ in self._artists}

    def store(self, change: AlbumChange | ArtistChange, generation: int) -> None:
        """Take over what was told in a listing's ``generation``, unless a newer one is held."""
        told_at = ToldAt(generation, change.version)
        if isinstance(change, AlbumChange):
            held = self._albums.get(change.id)
            if held is None or held[0] < told_at:
                self._albums[change.id] = (told_at, change.album)
        else:
            named = self._artists.get(change.id)
            if named is None or named[0] < told_at:
                self._artists[change.id] = (told_at, change.artist)
