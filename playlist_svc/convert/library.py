"""Saved tracks and albums on the wire."""

from __future__ import annotations

from segue.playlist.v1 import library_service_pb2 as pb

from meshkit.timestamps import timestamp_of_us
from playlist_svc.domain.library import Album, Saved
from playlist_svc.ports.tracks import Track


def saved_track(saved: Saved[str], track: Track | None) -> pb.ListSavedTracksResponse.SavedTrack:
    """A saved track; None for one of which nothing is known here."""
    message = pb.ListSavedTracksResponse.SavedTrack(
        id=saved.thing, saved_at=timestamp_of_us(saved.saved_at_us)
    )
    if track is not None:
        message.title = track.title
        message.artist = track.artist
        message.duration = track.duration_ms / 1000
        message.duration_ms = track.duration_ms
        message.artist_id = track.artist_id
        message.album = track.album
        message.album_id = track.album_id
        message.artwork_path = track.artwork_path
        message.available = track.available
    return message


def saved_album(saved: Saved[Album]) -> pb.ListSavedAlbumsResponse.SavedAlbum:
    """A saved album."""
    album = saved.thing
    return pb.ListSavedAlbumsResponse.SavedAlbum(
        id=album.album_id,
        title=album.title,
        artist=album.artist,
        artist_id=album.artist_id,
        year=album.year,
        artwork_path=album.artwork_path,
        saved_at=timestamp_of_us(saved.saved_at_us),
    )


def track_key(saved: Saved[str]) -> tuple[int, str]:
    """Where a track stands in its list."""
    return saved.saved_at_us, saved.thing


def album_key(saved: Saved[Album]) -> tuple[int, str]:
    """Where an album stands in its list."""
    return saved.saved_at_us, saved.thing.album_id
