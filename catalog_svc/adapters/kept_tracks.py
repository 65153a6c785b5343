"""A track as an answer that is kept for retries."""

from __future__ import annotations

import json
from dataclasses import asdict

from catalog_svc.domain.catalogue import Access, Loudness, Track, TrackState
from catalog_svc.domain.listings import microseconds, moment


def remembered(track: Track) -> bytes:
    """What ``recalled`` makes the track of."""
    return json.dumps({**asdict(track), "created_at": microseconds(track.created_at)}).encode()


def recalled(answer: bytes) -> Track:
    """The track that was remembered."""
    kept = json.loads(answer)
    loudness = kept["loudness"]
    changed = {
        "genres": tuple(kept["genres"]),
        "bitrates_kbps": tuple(kept["bitrates_kbps"]),
        "access": Access(kept["access"]),
        "state": TrackState(kept["state"]),
        "loudness": Loudness(**loudness) if loudness else None,
        "created_at": moment(kept["created_at"]),
    }
    return Track(**{**kept, **changed})
