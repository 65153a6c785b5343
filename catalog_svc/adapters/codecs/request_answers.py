"""Tracks, albums and artists as answers that are kept for retries."""

from __future__ import annotations

import json
from dataclasses import asdict

from catalog_svc.domain.catalogue import Access, Album, Artist, Loudness, Track, TrackState
from meshkit.clock import instant_of_us, unix_us


def remembered(thing: Track | Album | Artist) -> bytes:
    """What ``recalled_track`` and its like make the thing of."""
    return json.dumps({**asdict(thing), "created_at": unix_us(thing.created_at)}).encode()


def recalled_track(answer: bytes) -> Track:
    """The track that was remembered."""
    kept = json.loads(answer)
    loudness = kept["loudness"]
    changed = {
        "genres": tuple(kept["genres"]),
        "bitrates_kbps": tuple(kept["bitrates_kbps"]),
        "access": Access(kept["access"]),
        "state": TrackState(kept["state"]),
        "loudness": Loudness(**loudness) if loudness else None,
        "created_at": instant_of_us(kept["created_at"]),
    }
    return Track(**{**kept, **changed})


def recalled_album(answer: bytes) -> Album:
    """The album that was remembered."""
    kept = json.loads(answer)
    return Album(**{**kept, "created_at": instant_of_us(kept["created_at"])})


def recalled_artist(answer: bytes) -> Artist:
    """The artist that was remembered."""
    kept = json.loads(answer)
    return Artist(**{**kept, "created_at": instant_of_us(kept["created_at"])})
