"""What albums and artists are called today: a replica of the catalogue's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist


class CatalogueNames(Protocol):
    """Albums and artists as the catalogue told them last; what left it stays as it was then.

    Asks no other service: what was never told is left out.
    """

    async def albums(self, album_ids: Collection[str]) -> Mapping[str, Album]:
        """Those of the albums that are known here."""
        ...

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        """Those of the artists that are known here."""
        ...
