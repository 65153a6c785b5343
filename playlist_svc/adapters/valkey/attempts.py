"""How often someone tried links within the last minute, in Valkey."""

from __future__ import annotations

import hashlib

from redis.asyncio import Redis

from meshkit.valkey import fail_open
from meshkit.valkey_scripts import Script
from playlist_svc.ports.sharing import ATTEMPT_WINDOW_MS, MOST_ATTEMPTS

_USE = "tries of links"
_DIGEST_SIZE = 16

# The times of the last tries, the newest first: with as many as are allowed, the oldest one must
# be out of the window. ARGV: now, the window, how many, and whether the try counts in any case.
_COUNT = """
local now, window, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = tonumber(redis.call('LINDEX', KEYS[1], most - 1) or 0)
if ARGV[4] == '0' and oldest > now - window then
  return oldest + window - now
end
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
"""


class ValkeyAttemptLimiter:
    """``AttemptLimiter`` of all instances together.

    While Valkey is away it fails OPEN: codes cannot be guessed in any number of attempts, and a
    link is not to lead nowhere because a limit is lost.
    """

    def __init__(self, client: Redis) -> None:
        self._count = Script(client, _COUNT)

    async def begin(self, who: str, now_ms: int) -> int:
        return await fail_open(self._counted(who, now_ms, always=False), otherwise=0, use=_USE)

    async def failed(self, who: str, now_ms: int) -> None:
        await fail_open(self._counted(who, now_ms, always=True), otherwise=0, use=_USE)

    async def _counted(self, who: str, now_ms: int, *, always: bool) -> int:
        # A try that met a dead connection may count twice, which refuses a stranger a little early.
        arguments = (now_ms, ATTEMPT_WINDOW_MS, MOST_ATTEMPTS, int(always))
        return int(await self._count([key_of(who)], arguments))


def key_of(who: str) -> str:
    """The key of someone, which does not show an address to whoever reads along."""
    return f"share:tries:{hashlib.blake2b(who.encode(), digest_size=_DIGEST_SIZE).hexdigest()}"
