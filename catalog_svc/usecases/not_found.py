"""Things that must be there: what is not is ``NotFound``, with what it was asked for as."""

from __future__ import annotations

from catalog_svc.domain.catalogue import Album, Artist, Track
from catalog_svc.ports.catalogue import Catalogue
from meshkit.faults import NotFound


async def require_track(catalogue: Catalogue, track_id: str) -> Track:
    """The track; ``NotFound`` where there is none."""
    found = await catalogue.track(track_id)
    if found is None:
        raise not_found_error("track", track_id)
    return found


async def require_album(catalogue: Catalogue, album_id: str) -> Album:
    """The album; ``NotFound`` where there is none."""
    found = await catalogue.album(album_id)
    if found is None:
        raise not_found_error("album", album_id)
    return found


async def require_artist(catalogue: Catalogue, artist_id: str) -> Artist:
    """The artist; ``NotFound`` where there is none."""
    found = await catalogue.artist(artist_id)
    if found is None:
        raise not_found_error("artist", artist_id)
    return found


def not_found_error(kind: str, thing_id: str) -> NotFound:
    """The fault for an id that nothing has."""
    return NotFound(f"There is no such {kind}.", metadata={"resource": kind, "id": thing_id})
