"""What the catalogue's feed carries, as changes of the index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from google.protobuf.message import DecodeError
from segue.catalog.v1 import catalog_pb2
from segue.playlist.v1 import playlist_pb2

from catalog_svc.domain.catalogue import SILENT_ALBUM, SILENT_ARTIST
from catalog_svc.domain.search import Entry, IndexChange, Kind
from meshkit.feeds import Change, Op


def index_change(change: Change) -> IndexChange | None:
    """The index's view of a feed's change; None for what the index does not hold.

    ``ValueError`` where the payload is not the message of its entity.
    """
    silent = _SILENT.get(change.entity)
    if silent is not None:
        return IndexChange(silent, change.id, change.version, None)
    decode = _DECODERS.get(change.entity)
    if decode is None:
        return None
    try:
        entry = decode(change.payload) if change.op is Op.UPSERT else None
    except DecodeError as error:
        raise ValueError(f"the payload is no {change.entity}") from error
    return IndexChange(Kind(change.entity), change.id, change.version, entry)


def track_entry(track: catalog_pb2.Track) -> Entry:
    """A track as it is found: its popularity is how often it was played."""
    return Entry(
        Kind.TRACK,
        track.id,
        track.title,
        artist=track.artist,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        duration_ms=track.duration_ms,
        year=track.year,
        artwork_path=track.artwork_path,
        state=_STATES.get(track.state, ""),
        popularity=track.streams_total,
    )


def artist_entry(artist: catalog_pb2.Artist) -> Entry:
    """An artist as it is found: followers count, and tracks where nobody follows yet."""
    popularity = artist.followers_count + artist.track_count
    return Entry(Kind.ARTIST, artist.id, artist.name, popularity=popularity)


def album_entry(album: catalog_pb2.Album) -> Entry:
    """An album as it is found: one that is whole goes before a single track of another."""
    return Entry(
        Kind.ALBUM,
        album.id,
        album.title,
        artist=album.artist,
        artist_id=album.artist_id,
        year=album.year,
        artwork_path=album.artwork_path,
        popularity=album.track_count,
    )


def playlist_entry(playlist: playlist_pb2.Playlist) -> Entry:
    """A public playlist as it is found: by its title and its owner's name."""
    return Entry(
        Kind.PLAYLIST,
        playlist.playlist_id,
        playlist.title,
        artist=playlist.owner,
        popularity=playlist.follower_count,
    )


_STATES: Final = {number: name for name, number in catalog_pb2.Track.State.items()}


def _decode_track(payload: bytes) -> Entry | None:
    """None for a track whose file was refused: nobody is helped by finding it."""
    track = catalog_pb2.Track.FromString(payload)
    return None if track.state == catalog_pb2.Track.State.FAILED else track_entry(track)


def _decode_artist(payload: bytes) -> Entry:
    return artist_entry(catalog_pb2.Artist.FromString(payload))


def _decode_album(payload: bytes) -> Entry:
    return album_entry(catalog_pb2.Album.FromString(payload))


def _decode_playlist(payload: bytes) -> Entry:
    return playlist_entry(playlist_pb2.Playlist.FromString(payload))


_SILENT: Final = {SILENT_ARTIST: Kind.ARTIST, SILENT_ALBUM: Kind.ALBUM}
_DECODERS: Final[dict[str, Callable[[bytes], Entry | None]]] = {
    Kind.TRACK.value: _decode_track,
    Kind.ARTIST.value: _decode_artist,
    Kind.ALBUM.value: _decode_album,
    Kind.PLAYLIST.value: _decode_playlist,
}
