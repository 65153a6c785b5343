"""Heads in Valkey, one string a playlist."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis

from meshkit.versioned_cache import Versioned, VersionedCache
from meshkit.versioned_valkey import ValkeyVersions
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain.playlist import Head

KEPT_S = 6 * 3_600

_log = structlog.get_logger("playlist")


class ValkeyHeads:
    """A ``HeadCache``: every instance hears of every change by the feed and puts what it owes."""

    def __init__(self, client: Redis) -> None:
        store = ValkeyVersions(client, use="heads of playlists", life_s=KEPT_S)
        self._cache = VersionedCache(store, decode=_decoded)

    async def get(self, playlist_id: str) -> Head | None:
        return await self._cache.get(key_of(playlist_id))

    async def put(self, heads: Sequence[Head]) -> None:
        """What this instance has put just now is not put again."""
        await self._cache.put([_encoded(head) for head in heads])


def key_of(playlist_id: str) -> str:
    """Where a playlist's head stands; the braces are part of the key."""
    return f"playlist:{{{playlist_id}}}:metadata"


def _encoded(head: Head) -> Versioned:
    return Versioned(key_of(head.playlist_id), head.version, heads.encode(head))


def _decoded(value: Versioned) -> Head | None:
    try:
        return heads.decode(value.body)
    except heads.HeadDamaged:
        _log.warning("a cached head is malformed and ignored", key=value.key)
        return None
