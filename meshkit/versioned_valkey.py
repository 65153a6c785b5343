"""Versioned values in Valkey: one string a key, "version body", or a version that is announced."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal, TypeVar

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit import valkey
from meshkit.faults import Unavailable
from meshkit.valkey_scripts import Argument, Script, TaggedCalls
from meshkit.versioned_cache import Versioned

REST_S: Final = 1.0
"""How long a store that could not be reached is not asked again, in seconds."""

_VALUE: Final = re.compile(rb"([0-9]+) (.+)", re.DOTALL)

# KEYS are of one hash tag where there is a cluster. ARGV: their life in seconds, whether a value
# replaces one of the same version, and then one value each. A version alone announces itself: its
# body may follow.
_PUT: Final = """
local life, ties = ARGV[1], ARGV[2] == '1'
for i, key in ipairs(KEYS) do
  local offered, held = ARGV[i + 2], redis.call('GET', key)
  local version = tonumber(string.match(offered, '^%d+'))
  local stands = held and tonumber(string.match(held, '^%d+')) or -1
  local follows = held and string.match(held, '^%d+$') and not string.match(offered, '^%d+$')
  if version > stands or (version == stands and (ties or follows)) then
    redis.call('SET', key, offered, 'EX', life)
  end
end
return 1
"""

_log = structlog.get_logger("valkey")

T = TypeVar("T")


class ValkeyVersions:
    """A ``VersionedStore``. A failed call rests it, so that calls don't queue behind its time-outs.

    ``use`` names it in the log and ``fails`` says there what becomes of its caller. ``life_s`` is
    how long a value is kept. With ``ties`` a value replaces one of the same version, too. A server
    alone is given everything in one command, a node of a cluster one for each hash tag, together.
    """

    def __init__(
        self,
        client: Redis,
        *,
        use: str,
        life_s: int,
        fails: Literal["open", "closed"] = "open",
        ties: bool = False,
    ) -> None:
        self.client = client
        self._use = use
        self._life_s = life_s
        self._fails = fails
        self._ties = int(ties)
        self._script = Script(client, _PUT)
        self._calls = TaggedCalls(client)
        self._known = False
        self._rests_until = 0.0

    @property
    def rests(self) -> bool:
        """See ``VersionedStore.rests``."""
        return time.monotonic() < self._rests_until

    async def put(self, values: Sequence[Versioned], *, life_s: int | None = None) -> bool:
        """See ``VersionedStore.put``."""
        life_s = life_s or self._life_s
        return await self.ask(lambda: self._put(values, life_s)) if values else True

    async def get(self, keys: Sequence[str]) -> list[Versioned | None]:
        """See ``VersionedStore.get``."""
        held = await self.ask(lambda: self._get(keys)) if keys else {}
        return [decoded(key, held.get(key)) for key in keys]

    async def delete(self, keys: Sequence[str]) -> None:
        """See ``VersionedStore.delete``."""
        if keys:
            await self.ask(lambda: self._delete(keys))

    async def ask(self, command: Callable[[], Awaitable[T]]) -> T:
        """The command's answer. Raises ``Unavailable`` at once while the store rests."""
        if self.rests:
            raise Unavailable("The store rests.", reason="STORE_UNAVAILABLE")
        try:
            return await command()
        except (exceptions.RedisError, OSError) as error:
            if not valkey.is_away(error):
                raise
            self._rests_until = time.monotonic() + REST_S
            _log.warning(f"valkey.failed_{self._fails}", use=self._use, error=type(error).__name__)
            raise Unavailable("The store cannot answer now.", reason="STORE_UNAVAILABLE") from error

    async def _put(self, values: Sequence[Versioned], life_s: int) -> bool:
        async def call(client: Any, some: Sequence[Versioned]) -> Any:
            arguments: list[Argument] = [life_s, self._ties, *map(_encoded, some)]
            return await self._script.send(client, [one.key for one in some], arguments)

        loads = self._script.loads
        await self._script.known(lambda: self._calls.send(call, values, lambda one: one.key))
        # It was started anew, or is another one, unless it was never put to.
        same = self._script.loads == loads or not self._known
        self._known = True
        return same

    async def _delete(self, keys: Sequence[str]) -> None:
        async def call(client: Any, some: Sequence[str]) -> Any:
            return await client.delete(*some)

        await self._calls.send(call, keys, str)

    async def _get(self, keys: Sequence[str]) -> dict[str, bytes | None]:
        async def call(client: Any, some: Sequence[str]) -> Any:
            return await client.mget(some)

        held: dict[str, bytes | None] = {}
        for some, values in await self._calls.send(call, keys, str):
            held.update(zip(some, values, strict=True))
        return held


def _encoded(value: Versioned) -> bytes:
    return b"%d %b" % (value.version, value.body) if value.body else b"%d" % value.version


def decoded(key: str, value: bytes | None) -> Versioned | None:
    """What a string of Valkey says; None for nothing, an announcement and rubbish."""
    found = _VALUE.fullmatch(value) if value else None
    return None if found is None else Versioned(key, int(found[1]), found[2])
