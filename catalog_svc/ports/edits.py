"""Writes of an administrator."""

from __future__ import annotations

from typing import Protocol

from catalog_svc.domain.catalogue import Album, Artist, Track
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from meshkit.idempotency import RequestKey


class Edits(Protocol):
    """What is said of the catalogue over what tags say; no later scan may undo it.

    Must store an edit, tell the feed of everything that changed with it and keep the answer in one
    commit. What is hidden is told as removed or silent. With a key that was used before, the first
    answer is given and nothing is stored.
    """

    async def edit_track(
        self, track_id: str, edit: TrackEdit, key: RequestKey | None
    ) -> Track | None:
        """The track as it is then, a hidden one too; None where there is none.

        A track that was merged into another is that one.
        """
        ...

    async def edit_album(
        self, album_id: str, edit: AlbumEdit, key: RequestKey | None
    ) -> Album | None:
        """The album as it is then, a hidden one too; None where there is none.

        Tags with its old title must go on to find it, as those with the new one. Raises
        ``InvalidArgument`` for a title by which tags find another album of the artist.
        """
        ...

    async def edit_artist(
        self, artist_id: str, edit: ArtistEdit, key: RequestKey | None
    ) -> Artist | None:
        """The artist as it is then, a hidden one too; None where there is none.

        Tags with the old name must go on to find it, as those with the new one. Raises
        ``InvalidArgument`` for a name by which tags find another artist.
        """
        ...
