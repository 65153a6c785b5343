"""Edit a track, an album or an artist, or take them down."""

from __future__ import annotations

from catalog_svc.domain.catalogue import Album, Artist, Track
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from catalog_svc.ports.edits import Edits
from catalog_svc.usecases.catalog import missing
from meshkit.idempotency import RequestKey


class EditCatalogue:
    """Says what tags do not; what is not there is ``NotFound``.

    Each answers the thing after the edit, or as the same request got it before.
    """

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def track(self, track_id: str, edit: TrackEdit, key: RequestKey | None) -> Track:
        """A track."""
        edited = await self._edits.edit_track(track_id, edit, key)
        if edited is None:
            raise missing("track", track_id)
        return edited

    async def album(self, album_id: str, edit: AlbumEdit, key: RequestKey | None) -> Album:
        """An album; ``InvalidArgument`` for the title of another one of its artist."""
        edited = await self._edits.edit_album(album_id, edit, key)
        if edited is None:
            raise missing("album", album_id)
        return edited

    async def artist(self, artist_id: str, edit: ArtistEdit, key: RequestKey | None) -> Artist:
        """An artist; ``InvalidArgument`` for the name of another one."""
        edited = await self._edits.edit_artist(artist_id, edit, key)
        if edited is None:
            raise missing("artist", artist_id)
        return edited
