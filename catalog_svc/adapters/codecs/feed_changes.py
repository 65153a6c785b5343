"""What the change feed says of the catalogue's things: the messages of the contract.

An artist or album whose every track was refused or hidden is told under an entity of its own, with
the same message: it is still there, and nobody is helped by finding it.
"""

from __future__ import annotations

from catalog_svc import convert
from catalog_svc.domain.catalogue import SILENT_ALBUM, SILENT_ARTIST, Album, Artist, Track
from catalog_svc.domain.playlists import Playlist
from meshkit.feeds import Change, Op


def track_change(one: Track) -> Change:
    """A track that was written; one that is hidden is gone for all consumers."""
    if one.hidden:
        return removal("track", one.id, one.version)
    payload = convert.track(one).SerializeToString(deterministic=True)
    return Change("track", one.id, one.version, Op.UPSERT, payload)


def album_change(one: Album) -> Change:
    """An album that was written."""
    payload = convert.album(one).SerializeToString(deterministic=True)
    entity = "album" if one.living else SILENT_ALBUM
    return Change(entity, one.id, one.version, Op.UPSERT, payload)


def artist_change(one: Artist) -> Change:
    """An artist that was written."""
    payload = convert.artist(one).SerializeToString(deterministic=True)
    return Change(
        "artist" if one.living else SILENT_ARTIST, one.id, one.version, Op.UPSERT, payload
    )


def playlist_change(one: Playlist, version: int) -> Change:
    """A public playlist that was written."""
    payload = convert.playlist(one).SerializeToString(deterministic=True)
    return Change("playlist", one.id, version, Op.UPSERT, payload)


def removal(entity: str, entity_id: str, version: int) -> Change:
    """Something that is gone."""
    return Change(entity, entity_id, version, Op.DELETE)
