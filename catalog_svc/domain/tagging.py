"""Tracks as their tags make them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from catalog_svc.domain.catalogue import Access, Album, Artist, Track, TrackState
from catalog_svc.domain.tags import Tags


def pending_track(
    track_id: str, tags: Tags, artist: Artist, album: Album | None, created_at: datetime
) -> Track:
    """A new track that is on its way, with its album's cover."""
    return Track(
        id=track_id,
        **_tagged(tags, artist, album),
        duration_ms=tags.duration_ms,
        streams_total=0,
        bitrates_kbps=(),
        lossless=False,
        access=Access.FREE,
        state=TrackState.PENDING,
        artwork=album.artwork if album else "",
        loudness=None,
        created_at=created_at,
        version=1,
    )


def retagged(track: Track, tags: Tags, artist: Artist, album: Album | None) -> Track:
    """The next version of a track, by other tags; its measured length stays."""
    return replace(track, **_tagged(tags, artist, album), version=track.version + 1)


def _tagged(tags: Tags, artist: Artist, album: Album | None) -> dict[str, Any]:
    return {
        "title": tags.title,
        "artist": artist.name,
        "artist_id": artist.id,
        "album": album.title if album else "",
        "album_id": album.id if album else "",
        "disc_number": tags.disc_number,
        "track_number": tags.track_number,
        "genres": tags.genres,
        "year": tags.year,
    }
