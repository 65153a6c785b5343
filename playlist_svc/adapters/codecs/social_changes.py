"""How numbers of followers stand in the service's change feed."""

from __future__ import annotations

import json

from meshkit.feeds import Change, Op
from playlist_svc.domain.social import ArtistFollowers

ENTITY = "artist_followers"


def encode(counted: ArtistFollowers) -> Change:
    """The change that an artist's number of followers is."""
    payload = json.dumps(
        {
            "artist_id": counted.artist_id,
            "name": counted.name,
            "followers_count": counted.followers_count,
        }
    )
    return Change(ENTITY, counted.artist_id, counted.version, Op.UPSERT, payload.encode())


def decode(change: Change) -> ArtistFollowers:
    """The number that a change of this entity tells."""
    told = json.loads(change.payload)
    return ArtistFollowers(told["artist_id"], told["name"], told["followers_count"], change.version)
