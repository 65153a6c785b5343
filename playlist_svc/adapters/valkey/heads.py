"""Heads in Valkey, one string a playlist."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit.valkey import fail_open
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain.playlist import Head

KEPT_S = 6 * 3_600
_CHUNK = 500
_REST_S = 1.0
_OWED_MOST = 20_000
_TOLD_MOST = 10_000
# A write and the feed that tells of it put the same head within this time.
_SPARED_S = 5.0
# What a store that comes back may have lost: it saves, and its replica follows, within seconds.
_LOST_S = 60.0
_NEVER = float("-inf")
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


@dataclass(frozen=True, slots=True)
class _Told:
    """What this instance has put last of a playlist, and when; ``_NEVER`` when it may be gone."""

    head: Head
    at: float


class ValkeyHeads:
    """A ``HeadCache``. A failed call rests it for a second, so that calls don't queue behind its
    time-outs.

    What could not be put is owed, and put before the next get: every instance hears of every change
    by the feed, so that no head of before an outage is read after it. A Valkey that comes back may
    be one that lost the last seconds: after a failed call, when it knows its script no longer, or
    answers a lower version than this instance has put, what was put lately is owed again.

    Gets that come while one is on its way leave together when it is back: a command of its own for
    each would cost several times as much.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script: str | None = None
        self._rests_until = 0.0
        self._wanted: dict[str, asyncio.Future[Head | None]] = {}
        self._getting: asyncio.Task[None] | None = None
        self._owed: dict[str, Head] = {}
        self._told: OrderedDict[str, _Told] = OrderedDict()

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
            found = await self._found(list(wanted))
        except BaseException as error:
            for head in wanted.values():
                head.set_exception(error)
            raise
        for playlist_id, head in wanted.items():
            head.set_result(found.get(playlist_id))

    async def _found(self, playlist_ids: Sequence[str]) -> dict[str, Head]:
        if self._owed and not await self._pay():
            return {}
        # As of before it is asked: what is put meanwhile need not be in the answer.
        told = {id_: told.head.version for id_ in playlist_ids if (told := self._told.get(id_))}
        pipeline = self._client.pipeline(transaction=False)
        for playlist_id in playlist_ids:
            pipeline.get(key_of(playlist_id))
        values = await fail_open(pipeline.execute(), otherwise=None, use=_USE)
        if values is None:
            self._failed()
            return {}
        found: dict[str, Head] = {}
        for playlist_id, value in zip(playlist_ids, values, strict=True):
            head = _decoded(playlist_id, value) if value else None
            if head is None:
                self._doubt(playlist_id)
            else:
                found[playlist_id] = head
        return self._not_older(found, told)

    def _not_older(self, found: dict[str, Head], told: Mapping[str, int]) -> dict[str, Head]:
        """Those of ``found`` that are not older than what was told."""
        current = {id_: head for id_, head in found.items() if head.version >= told.get(id_, 0)}
        if len(current) < len(found):
            _log.warning("the cache of heads went back", playlists=len(found) - len(current))
            self._owe_again()
        return current

    async def put(self, heads: Sequence[Head]) -> None:
        """See ``HeadCache.put``. What this instance has put just now is not put again."""
        spared_from = time.monotonic() - _SPARED_S
        for head in heads:
            told = self._told.get(head.playlist_id)
            if told is None or told.at < spared_from or told.head.version < head.version:
                self._owe(head)
        if time.monotonic() >= self._rests_until:
            await self._pay()

    def _doubt(self, playlist_id: str) -> None:
        """Whatever was put is there no longer; its version stays known."""
        told = self._told.get(playlist_id)
        if told is not None:
            self._told[playlist_id] = _Told(told.head, _NEVER)

    def _owe_again(self) -> None:
        """Owes what was put lately: a store that comes back may not have it."""
        lost_from = time.monotonic() - _LOST_S
        for playlist_id, told in list(self._told.items()):
            if told.at >= lost_from:
                self._owe(told.head)
            self._doubt(playlist_id)

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
                self._failed()
                return False
            for head in chunk:
                self._paid(head)
        return True

    def _paid(self, head: Head) -> None:
        # A newer one may have come while this was on its way.
        if self._owed.get(head.playlist_id) is head:
            del self._owed[head.playlist_id]
        told = self._told.get(head.playlist_id)
        newest = head if told is None or told.head.version <= head.version else told.head
        self._told[head.playlist_id] = _Told(newest, time.monotonic())
        self._told.move_to_end(head.playlist_id)
        if len(self._told) > _TOLD_MOST:
            self._told.popitem(last=False)

    def _failed(self) -> None:
        self._rests_until = time.monotonic() + _REST_S
        self._owe_again()

    async def _put(self, chunk: Sequence[Head]) -> bool:
        keys = [key_of(head.playlist_id) for head in chunk]
        arguments: list[Any] = [KEPT_S, *map(_encoded, chunk)]
        if self._script is None:
            self._script = await self._client.script_load(_PUT)
        try:
            await self._client.evalsha(self._script, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            # It was started anew, or is another one.
            self._owe_again()
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
