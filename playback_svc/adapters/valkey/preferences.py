"""Preferences in Valkey, one string a user."""

from __future__ import annotations

import json

import structlog
from redis.asyncio import Redis

from meshkit.versioned_cache import Versioned, VersionedCache
from meshkit.versioned_valkey import ValkeyVersions
from playback_svc.adapters.postgres.preferences_rows import preferences_document, preferences_of
from playback_svc.domain.preferences import Preferences

KEPT_S = 30 * 24 * 3_600

_log = structlog.get_logger("playback")


class ValkeyPreferences:
    """A ``PreferencesCache``; what could not be put is put before the next is read here."""

    def __init__(self, client: Redis) -> None:
        store = ValkeyVersions(client, use="preferences", life_s=KEPT_S)
        self._cache = VersionedCache(store, decode=_decoded)

    async def get(self, user_id: str) -> Preferences | None:
        return await self._cache.get(key_of(user_id))

    async def announce(self, user_id: str, version: int) -> None:
        await self._cache.announce(key_of(user_id), version)

    async def put(self, user_id: str, preferences: Preferences) -> None:
        body = json.dumps(preferences_document(preferences), separators=(",", ":")).encode()
        await self._cache.put([Versioned(key_of(user_id), preferences.version, body)])

    async def erase(self, user_id: str) -> None:
        await self._cache.delete(key_of(user_id))


def key_of(user_id: str) -> str:
    """Where a user's preferences stand; the braces are part of the key."""
    return f"user:{{{user_id}}}:preferences"


def _decoded(value: Versioned) -> Preferences | None:
    try:
        return preferences_of(value.version, json.loads(value.body))
    except (ValueError, TypeError, AttributeError):
        _log.warning("cached preferences are malformed and ignored")
        return None
