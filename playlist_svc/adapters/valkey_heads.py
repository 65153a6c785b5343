"""Heads in Valkey, one string a playlist."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
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
_OWED_MOST = 20_000
_TOLD_MOST = 10_000
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
    time-outs.

    What could not be put is owed, and put before the next get: every instance hears of every change
    by the feed, so that no head of before an outage is read after it. Gets that come while one is
    on its way leave together when it is back: a command of its own for each would cost several
    times as much.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script: str | None = None
        self._rests_until = 0.0
        self._wanted: dict[str, asyncio.Future[Head | None]] = {}
        self._getting: asyncio.Task[None] | None = None
        self._owed: dict[str, Head] = {}
        self._told: OrderedDict[str, int] = OrderedDict()

    async def get(self, playlist_id: str) -> Head | None:
        """See ``HeadCache.get``."""
        if time.monotonic() < self._rests_until:
            return None
        head = self._wanted.get(playlist_id)
        if head is None:
            head = self._wanted[playlist_id] = asyncio.get_running_loop().create_future()
        if self._getting is None:
            self._getting = asyncio.create_task(self._get())
        # Others may wait for the same head: one that is cancelled leaves it to them.
        return await asyncio.shield(head)

    async def _get(self) -> None:
        """Gets what is wanted until nothing is."""
        try:
            while self._wanted:
                wanted, self._wanted = self._wanted, {}
                await self._settle(wanted)
        finally:
            self._getting = None

    async def _settle(self, wanted: Mapping[str, asyncio.Future[Head | None]]) -> None:
        try:
            values = await self._values(list(wanted))
        except BaseException as error:
            for head in wanted.values():
                head.set_exception(error)
            raise
        for (playlist_id, head), value in zip(wanted.items(), values, strict=True):
            found = _decoded(playlist_id, value) if value else None
            if found is None:
                # Whatever was put is there no longer.
                self._told.pop(playlist_id, None)
            head.set_result(found)

    async def _values(self, playlist_ids: Sequence[str]) -> Sequence[bytes | None]:
        if self._owed and not await self._pay():
            return [None] * len(playlist_ids)
        pipeline = self._client.pipeline(transaction=False)
        for playlist_id in playlist_ids:
            pipeline.get(key_of(playlist_id))
        values = await fail_open(pipeline.execute(), otherwise=None, use=_USE)
        if values is None:
            self._rest()
            return [None] * len(playlist_ids)
        return values

    async def put(self, heads: Sequence[Head]) -> None:
        """See ``HeadCache.put``. What this instance has put already is not put again."""
        for head in heads:
            if self._told.get(head.playlist_id, -1) < head.version:
                self._owe(head)
        if time.monotonic() >= self._rests_until:
            await self._pay()

    def _owe(self, head: Head) -> None:
        owed = self._owed.get(head.playlist_id)
        if owed is None or owed.version < head.version:
            self._owed[head.playlist_id] = head
        if len(self._owed) > _OWED_MOST:
            del self._owed[next(iter(self._owed))]

    async def _pay(self) -> bool:
        """Puts what is owed; whether all of it was."""
        while self._owed:
            chunk = list(itertools.islice(self._owed.values(), _CHUNK))
            if not await fail_open(self._put(chunk), otherwise=False, use=_USE):
                self._rest()
                return False
            for head in chunk:
                self._paid(head)
        return True

    def _paid(self, head: Head) -> None:
        # A newer one may have come while this was on its way.
        if self._owed.get(head.playlist_id) is head:
            del self._owed[head.playlist_id]
        self._told[head.playlist_id] = max(head.version, self._told.get(head.playlist_id, 0))
        if len(self._told) > _TOLD_MOST:
            self._told.popitem(last=False)

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
