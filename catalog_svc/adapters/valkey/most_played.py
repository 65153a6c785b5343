"""The list of the most played tracks in Valkey, one string for all instances."""

from __future__ import annotations

import struct
from typing import Any, Final, cast

import structlog
from redis.asyncio import Redis

from catalog_svc.domain.packed_ids import RAW_SIZE, packed, unpacked
from catalog_svc.domain.plays import MostPlayed, Streams
from meshkit.valkey import fail_open

KEY: Final = "tracks:top_1000"
LOADING_KEY: Final = f"{{{KEY}}}:loading"
"""The braces are part of the key: a cluster keeps it beside the list."""
KEPT_S: Final = 3_600
LOADING_S: Final = 5
"""How long one loader is waited for: a query takes milliseconds, and at most 5 s."""

_USE = "most played tracks"
_COUNT = struct.Struct(">Q")

# KEYS are the list and the mark of its loader, ARGV the life in seconds and the value; a value
# begins with the time it was made at, and only a later one replaces what is there.
_PUT = """
local held = redis.call('GET', KEYS[1])
local made_at = held and tonumber(string.match(held, '^%d+')) or -1
if tonumber(string.match(ARGV[2], '^%d+')) > made_at then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[1])
end
redis.call('DEL', KEYS[2])
return 1
"""

_log = structlog.get_logger("plays")


class ValkeyMostPlayed:
    """``MostPlayedCache``. Fails open: while Valkey is away, PostgreSQL answers."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def get(self) -> MostPlayed | None:
        """See ``MostPlayedCache.get``."""
        value = await fail_open(self._client.get(KEY), otherwise=None, use=_USE)
        return _decoded(cast("bytes", value)) if value else None

    async def may_load(self) -> bool:
        """See ``MostPlayedCache.may_load``."""
        mark = self._client.set(LOADING_KEY, b"1", nx=True, ex=LOADING_S)
        return bool(await fail_open(mark, otherwise=True, use=_USE))

    async def put(self, most_played: MostPlayed) -> None:
        """See ``MostPlayedCache.put``."""
        if not most_played.tracks:
            await fail_open(self._client.delete(LOADING_KEY), otherwise=0, use=_USE)
            return
        arguments: list[Any] = [KEPT_S, _encoded(most_played)]
        call = self._client.eval(_PUT, 2, KEY, LOADING_KEY, *arguments)
        await fail_open(cast("Any", call), otherwise=None, use=_USE)


def _encoded(most_played: MostPlayed) -> bytes:
    """The time, then the ids, 16 bytes each, then the counts, 8 bytes each."""
    ids = packed(one.track_id for one in most_played.tracks)
    counts = b"".join(_COUNT.pack(one.total) for one in most_played.tracks)
    return b"%d %b%b" % (most_played.made_at_ms, ids, counts)


def _decoded(value: bytes) -> MostPlayed | None:
    made_at, _, body = value.partition(b" ")
    count, rest = divmod(len(body), RAW_SIZE + _COUNT.size)
    if rest or not made_at.isdigit():
        _log.warning("the list of the most played is malformed and ignored")
        return None
    ids, totals = unpacked(body[: count * RAW_SIZE]), _COUNT.iter_unpack(body[count * RAW_SIZE :])
    tracks = tuple(Streams(one, total) for one, (total,) in zip(ids, totals, strict=True))
    return MostPlayed(int(made_at), tracks)
