"""Preferences in Valkey, one string a user."""

from __future__ import annotations

import json
import time
from typing import Any

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit.valkey import fail_open
from playback_svc.adapters.postgres.preferences_rows import preferences_document, preferences_of
from playback_svc.domain.preferences import Preferences

KEPT_S = 30 * 24 * 3_600
ANNOUNCED_S = 60
_REST_S = 1.0
_OWED_MOST = 10_000
_USE = "preferences"

# KEYS[1] is a user, ARGV the life in seconds, a version and a body. A value is "version body"; an
# announcement is a version alone. Only a higher version replaces what is there, but for the body of
# what was announced.
_PUT = """
local held = redis.call('GET', KEYS[1])
local version = held and tonumber(string.match(held, '^%d+')) or -1
local announced = held and string.match(held, '^%d+$')
local offered = tonumber(ARGV[2])
if offered > version or (offered == version and announced and ARGV[3] ~= '') then
  local value = ARGV[3] == '' and ARGV[2] or ARGV[2] .. ' ' .. ARGV[3]
  redis.call('SET', KEYS[1], value, 'EX', ARGV[1])
end
return 1
"""

_log = structlog.get_logger("playback")


class ValkeyPreferences:
    """A ``PreferencesCache``. A failed call rests it for a second, so that calls don't queue
    behind its time-outs.

    What could not be put is owed, and put before the next is read here.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script: str | None = None
        self._rests_until = 0.0
        self._owed: dict[str, Preferences] = {}

    async def get(self, user_id: str) -> Preferences | None:
        """See the port."""
        if self._rests() or not await self._pay():
            return None
        away = ""
        value = await fail_open(self._client.get(key_of(user_id)), otherwise=away, use=_USE)
        if isinstance(value, bytes):
            return _decoded(value)
        if value == away:
            self._failed()
        return None

    async def announce(self, user_id: str, version: int) -> None:
        """See the port."""
        if not self._rests():
            await self._sent(user_id, ANNOUNCED_S, version, "")

    async def put(self, user_id: str, preferences: Preferences) -> None:
        """See the port."""
        owed = self._owed.get(user_id)
        if owed is None or owed.version < preferences.version:
            self._owed[user_id] = preferences
        if len(self._owed) > _OWED_MOST:
            del self._owed[next(iter(self._owed))]
        if not self._rests():
            await self._pay()

    async def _pay(self) -> bool:
        """Puts what is owed; whether all of it was."""
        while self._owed:
            user_id, preferences = next(iter(self._owed.items()))
            body = json.dumps(preferences_document(preferences), separators=(",", ":"))
            if not await self._sent(user_id, KEPT_S, preferences.version, body):
                return False
            # A newer one may have come while this was on its way.
            if self._owed.get(user_id) is preferences:
                del self._owed[user_id]
        return True

    async def _sent(self, user_id: str, life_s: int, version: int, body: str) -> bool:
        command = self._evaluate(key_of(user_id), [life_s, version, body])
        if await fail_open(command, otherwise=False, use=_USE):
            return True
        self._failed()
        return False

    async def _evaluate(self, key: str, arguments: list[Any]) -> bool:
        if self._script is None:
            self._script = await self._client.script_load(_PUT)
        try:
            await self._client.evalsha(self._script, 1, key, *arguments)
        except exceptions.NoScriptError:
            await self._client.eval(_PUT, 1, key, *arguments)
        return True

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _failed(self) -> None:
        self._rests_until = time.monotonic() + _REST_S


def key_of(user_id: str) -> str:
    """Where a user's preferences stand; the braces are part of the key."""
    return f"user:{{{user_id}}}:preferences"


def _decoded(value: bytes) -> Preferences | None:
    version, _, body = value.partition(b" ")
    if not body:
        return None
    try:
        return preferences_of(int(version), json.loads(body))
    except (ValueError, TypeError, AttributeError):
        _log.warning("cached preferences are malformed and ignored")
        return None
