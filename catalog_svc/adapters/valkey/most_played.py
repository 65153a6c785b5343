"""The list of the most played tracks in Valkey, one string for all instances."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Final

import structlog
from redis.asyncio import Redis

from catalog_svc.domain.packed_ids import RAW_SIZE, packed, unpacked
from catalog_svc.domain.plays import MostPlayed, Streams
from meshkit.faults import Unavailable
from meshkit.valkey import fail_open
from meshkit.versioned_cache import Versioned
from meshkit.versioned_valkey import ValkeyVersions

KEY: Final = "tracks:top_1000"
LOADING_KEY: Final = f"{{{KEY}}}:loading"
"""The braces are part of the key: a cluster keeps it beside the list."""
KEPT_S: Final = 3_600
LOADING_S: Final = 5
"""How long one loader is waited for: a query takes milliseconds, and at most 5 s."""

_USE = "most played tracks"
_COUNT = struct.Struct(">Q")

_log = structlog.get_logger("plays")


class ValkeyMostPlayed:
    """``MostPlayedCache``. Fails open: while Valkey is away, PostgreSQL answers."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._store = ValkeyVersions(client, use=_USE, life_s=KEPT_S)

    async def get(self) -> MostPlayed | None:
        try:
            (value,) = await self._store.get([KEY])
        except Unavailable:
            return None
        return None if value is None else _decoded(value)

    async def may_load(self) -> bool:
        mark = self._client.set(LOADING_KEY, b"1", nx=True, ex=LOADING_S)
        return bool(await fail_open(mark, otherwise=True, use=_USE))

    async def put(self, most_played: MostPlayed) -> None:
        with suppress(Unavailable):
            if most_played.tracks:
                await self._store.put([_encoded(most_played)])
            await self._store.ask(lambda: self._client.delete(LOADING_KEY))


def _encoded(most_played: MostPlayed) -> Versioned:
    """The ids, 16 bytes each, then the counts, 8 bytes each."""
    ids = packed(one.track_id for one in most_played.tracks)
    counts = b"".join(_COUNT.pack(one.total) for one in most_played.tracks)
    return Versioned(KEY, most_played.made_at_ms, ids + counts)


def _decoded(value: Versioned) -> MostPlayed | None:
    body = value.body
    count, rest = divmod(len(body), RAW_SIZE + _COUNT.size)
    if rest:
        _log.warning("the list of the most played is malformed and ignored")
        return None
    ids, totals = unpacked(body[: count * RAW_SIZE]), _COUNT.iter_unpack(body[count * RAW_SIZE :])
    tracks = tuple(Streams(one, total) for one, (total,) in zip(ids, totals, strict=True))
    return MostPlayed(value.version, tracks)
