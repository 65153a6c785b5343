"""Live positions in Valkey, one small string a session, written many at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit.faults import Unavailable
from meshkit.valkey import fail_closed
from playback_svc.domain.liveness import SILENCE_PAUSED_MS, Liveness, LivePosition
from playback_svc.domain.player_state import Version
from playback_svc.ports.clock import Clock

KEPT_S = SILENCE_PAUSED_MS // 1000 + 3600
_SINCE = "positions:since"
_CHUNK = 500
_REST_S = 1.0
_USE = "live positions"
_NONE = "-"

# KEYS are sessions, ARGV their life in seconds and then one value each; a value begins with its
# seq, and a lower one never replaces a higher one.
_PUT = """
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local seq = held and tonumber(string.match(held, '^%d+')) or -1
  if tonumber(string.match(ARGV[i + 1], '^%d+')) >= seq then
    redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
  end
end
"""

_log = structlog.get_logger("playback")
T = TypeVar("T")


class ValkeyPositions:
    """A ``PositionStore``.

    A marker beside the positions says since when none was lost: it is gone when Valkey came back
    empty, and is set anew by every instance that could not reach Valkey for a while. A failed call
    rests the store for a second, so that commands don't queue behind its time-outs.
    """

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._script: str | None = None
        self._rests_until = 0.0
        self._missed = False

    async def put(self, positions: Sequence[LivePosition]) -> None:
        """See the port."""
        await self._guarded(lambda: self._put(positions))

    async def get(self, session_ids: Sequence[str]) -> list[Liveness]:
        """See the port."""
        return await self._guarded(lambda: self._get(session_ids))

    async def _guarded(self, command: Callable[[], Awaitable[T]]) -> T:
        """Fails CLOSED, as Unavailable: the use case decides what to do without positions."""
        if time.monotonic() < self._rests_until:
            raise Unavailable("The live positions cannot be reached.")
        try:
            answer = await fail_closed(command(), use=_USE)
        except Unavailable:
            self._missed = True
            self._rests_until = time.monotonic() + _REST_S
            raise
        return answer

    async def _put(self, positions: Sequence[LivePosition]) -> None:
        await self._mark()
        each = iter(positions)
        while chunk := list(itertools.islice(each, _CHUNK)):
            keys = [_key(position.session_id) for position in chunk]
            await self._evaluate(keys, [KEPT_S, *map(_encoded, chunk)])

    async def _evaluate(self, keys: list[str], arguments: list[Any]) -> None:
        if self._script is None:
            self._script = await self._client.script_load(_PUT)
        try:
            await self._client.evalsha(self._script, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            await self._client.eval(_PUT, len(keys), *keys, *arguments)

    async def _mark(self) -> None:
        """After a failure of ours, positions may be missing: nobody is to trust silence for now."""
        if self._missed:
            await self._client.set(_SINCE, self._clock())
            self._missed = False

    async def _get(self, session_ids: Sequence[str]) -> list[Liveness]:
        await self._mark()
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(_SINCE, self._clock(), nx=True)
            pipeline.mget(_SINCE, *map(_key, session_ids))
            _, (since, *values) = await pipeline.execute()
        since_ms = int(since) if since else None
        return [
            Liveness(_decoded(session_id, value), since_ms)
            for session_id, value in zip(session_ids, values, strict=True)
        ]


def _key(session_id: str) -> str:
    return f"position:{{{session_id}}}"


def _encoded(live: LivePosition) -> str:
    return (
        f"{live.seq} {live.version.epoch} {live.version.revision} {live.position_ms} "
        f"{live.position_at_ms} {live.moving:d} {live.bitrate_kbps} {live.beat_at_ms} "
        f"{live.offline:d} {live.rung or _NONE}"
    )


def _decoded(session_id: str, value: bytes | None) -> LivePosition | None:
    if value is None:
        return None
    try:
        *numbers, rung = value.decode().split()
        seq, epoch, revision, position, position_at, moving, *others = map(int, numbers)
        bitrate, beat_at, offline = others
    except ValueError:
        _log.warning("a live position is malformed and ignored")
        return None
    return LivePosition(
        session_id=session_id,
        version=Version(epoch, revision),
        seq=seq,
        position_ms=position,
        position_at_ms=position_at,
        moving=bool(moving),
        bitrate_kbps=bitrate,
        beat_at_ms=beat_at,
        rung="" if rung == _NONE else rung,
        offline=bool(offline),
    )
