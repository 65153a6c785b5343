"""Tracks, albums and artists as answers that are stored for retries."""

from __future__ import annotations

import json
from dataclasses import asdict

from catalog_svc.domain.catalogue import Access, Album, Artist, Loudness, Track, TrackState
from meshkit.clock import instant_of_us, unix_us


def encode(thing: Track | Album | Artist) -> bytes:
    """What ``decode_track`` and its like make the thing of."""
    return json.dumps({**asdict(thing), "created_at": unix_us(thing.created_at)}).encode()


def decode_track(answer: bytes) -> Track:
    """The track of a stored answer."""
    stored = json.loads(answer)
    loudness = stored["loudness"]
    changed = {
        "genres": tuple(stored["genres"]),
        "bitrates_kbps": tuple(stored["bitrates_kbps"]),
        "access": Access(stored["access"]),
        "state": TrackState(stored["state"]),
        "loudness": Loudness(**loudness) if loudness else None,
        "created_at": instant_of_us(stored["created_at"]),
    }
    return Track(**{**stored, **changed})


def decode_album(answer: bytes) -> Album:
    """The album of a stored answer."""
    stored = json.loads(answer)
    return Album(**{**stored, "created_at": instant_of_us(stored["created_at"])})


def decode_artist(answer: bytes) -> Artist:
    """The artist of a stored answer."""
    stored = json.loads(answer)
    return Artist(**{**stored, "created_at": instant_of_us(stored["created_at"])})
