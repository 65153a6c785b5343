"""Heads in Valkey, one string a playlist."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit.valkey import fail_open
from playlist_svc.adapters import heads
from playlist_svc.domain.playlist import Head

KEPT_S = 6 * 3_600
_CHUNK = 500
_REST_S = 1.0
_USE = "heads of playlists"

# KEYS are playlists, ARGV their life in seconds and then one value each; a value begins with its
# version, and only a higher one replaces what is there.
_PUT = """
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local version = held and tonumber(string.match(held, '^%d+')) or -1
  if tonumber(string.match(ARGV[i + 1], '^%d+')) > version then
    redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
  end
end
return 1
"""

_log = structlog.get_logger("playlist")


class ValkeyHeads:
    """A ``HeadCache``. A failed call rests it for a second, so that calls don't queue behind its
    time-outs."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script: str | None = None
        self._rests_until = 0.0

    async def get(self, playlist_id: str) -> Head | None:
        """See ``HeadCache.get``."""
        if time.monotonic() < self._rests_until:
            return None
        value = await fail_open(self._client.get(key_of(playlist_id)), otherwise=False, use=_USE)
        if value is False:
            self._rest()
        return _decoded(playlist_id, value) if isinstance(value, bytes) else None

    async def put(self, heads: Sequence[Head]) -> None:
        """See ``HeadCache.put``."""
        each = iter(heads)
        while chunk := list(itertools.islice(each, _CHUNK)):
            if time.monotonic() < self._rests_until:
                return
            if not await fail_open(self._put(chunk), otherwise=False, use=_USE):
                self._rest()

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + _REST_S

    async def _put(self, chunk: Sequence[Head]) -> bool:
        keys = [key_of(head.playlist_id) for head in chunk]
        arguments: list[Any] = [KEPT_S, *map(_encoded, chunk)]
        if self._script is None:
            self._script = await self._client.script_load(_PUT)
        try:
            await self._client.evalsha(self._script, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            await self._client.eval(_PUT, len(keys), *keys, *arguments)
        return True


def key_of(playlist_id: str) -> str:
    """Where a playlist's head stands; the braces are part of the key."""
    return f"playlist:{{{playlist_id}}}:metadata"


def _encoded(head: Head) -> bytes:
    return b"%d %b" % (head.version, heads.encode(head))


def _decoded(playlist_id: str, value: bytes) -> Head | None:
    try:
        head = heads.decode(value.partition(b" ")[2])
    except heads.HeadDamaged:
        _log.warning("a cached head is malformed and ignored", playlist_id=playlist_id)
        return None
    return head
