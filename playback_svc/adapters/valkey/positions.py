"""Live positions in Valkey, one small string a session, written many at a time."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis

from meshkit.faults import Unavailable
from meshkit.versioned_cache import PUT_AT_ONCE, Versioned
from meshkit.versioned_valkey import ValkeyVersions, decoded
from playback_svc.domain.liveness import SILENCE_PAUSED_MS, Liveness, LivePosition
from playback_svc.domain.player_state import Version
from playback_svc.ports.clock import Clock

KEPT_S = SILENCE_PAUSED_MS // 1000 + 3600
# What the marker says is true of the node that it stands on: the positions stand beside it.
_TAG = "{positions}"
SINCE = f"{_TAG}:since"
_NONE = "-"

_log = structlog.get_logger("playback")
T = TypeVar("T")


class ValkeyPositions:
    """A ``PositionStore``. Fails CLOSED: the use case decides what to do without positions.

    A marker beside the positions says since when none was lost: it is gone when Valkey came back
    empty, and is set anew by every instance that could not reach Valkey for a while.
    """

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._store = ValkeyVersions(
            client, use="live positions", life_s=KEPT_S, fails="closed", ties=True
        )
        self._clock = clock
        self._missed = False

    async def put(self, positions: Sequence[LivePosition]) -> None:
        await self._marked(self._put(positions))

    async def get(self, session_ids: Sequence[str]) -> list[Liveness]:
        return await self._marked(self._get(session_ids))

    async def erase(self, session_ids: Sequence[str]) -> None:
        await self._store.delete([key_of(session_id) for session_id in session_ids])

    async def _marked(self, work: Awaitable[T]) -> T:
        """After a failure of ours, positions may be missing: nobody is to trust silence then."""
        try:
            return await work
        except Unavailable:
            self._missed = True
            raise

    async def _put(self, positions: Sequence[LivePosition]) -> None:
        await self._mark()
        each = map(_encoded, positions)
        while chunk := list(itertools.islice(each, PUT_AT_ONCE)):
            await self._store.put(chunk)

    async def _mark(self) -> None:
        if self._missed:
            await self._store.ask(lambda: self._store.client.set(SINCE, self._clock()))
            self._missed = False

    async def _get(self, session_ids: Sequence[str]) -> list[Liveness]:
        await self._mark()
        since, *values = await self._store.ask(lambda: self._read(session_ids))
        since_ms = int(since) if since else None
        return [
            Liveness(_decoded(session_id, value), since_ms)
            for session_id, value in zip(session_ids, values, strict=True)
        ]

    async def _read(self, session_ids: Sequence[str]) -> list[Any]:
        async with self._store.client.pipeline(transaction=False) as pipeline:
            pipeline.set(SINCE, self._clock(), nx=True)
            pipeline.mget(SINCE, *map(key_of, session_ids))
            _, values = await pipeline.execute()
            return list(values)


def key_of(session_id: str) -> str:
    """Where a session's position stands; the braces are part of the key."""
    return f"{_TAG}:{session_id}"


def _encoded(live: LivePosition) -> Versioned:
    body = (
        f"{live.version.epoch} {live.version.revision} {live.position_ms} "
        f"{live.position_at_ms} {live.moving:d} {live.bitrate_kbps} {live.beat_at_ms} "
        f"{live.offline:d} {live.rung or _NONE}"
    )
    return Versioned(key_of(live.session_id), live.seq, body.encode())


def _decoded(session_id: str, held: bytes | None) -> LivePosition | None:
    value = decoded(key_of(session_id), held)
    if value is None:
        return None
    try:
        *numbers, rung = value.body.decode().split()
        epoch, revision, position, position_at, moving, *others = map(int, numbers)
        bitrate, beat_at, offline = others
    except ValueError:
        _log.warning("a live position is malformed and ignored")
        return None
    return LivePosition(
        session_id=session_id,
        version=Version(epoch, revision),
        seq=value.version,
        position_ms=position,
        position_at_ms=position_at,
        moving=bool(moving),
        bitrate_kbps=bitrate,
        beat_at_ms=beat_at,
        rung="" if rung == _NONE else rung,
        offline=bool(offline),
    )
