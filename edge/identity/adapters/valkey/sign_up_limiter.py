"""Token buckets of sign-ups in Valkey: a key an address, which tells when its bucket is full."""

from __future__ import annotations

import hashlib
from datetime import datetime

from redis.asyncio import Redis

from edge.identity.ports.sign_up_limiter import SignUpAllowance
from meshkit.clock import unix_ms
from meshkit.valkey import fail_open
from meshkit.valkey_scripts import Script

_DIGEST_SIZE = 16

# ARGV: now, how many tokens a bucket has, and in how many milliseconds one comes back. A bucket
# without a key is full; one that is full at a time T lacks a token for each refill until T.
_TAKE = """
local now, burst, refill = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = full_at + refill - now - burst * refill
if wait > 0 then
  return wait
end
redis.call('SET', KEYS[1], string.format('%d', full_at + refill), 'PX', full_at + refill - now)
return 0
"""


class ValkeySignUpLimiter:
    """The ``SignUpLimiter`` of all instances together.

    While Valkey is away it fails OPEN: how many passwords are hashed is bounded all the same, and
    nobody is to be kept out because a count is lost.
    """

    def __init__(self, client: Redis, allowance: SignUpAllowance) -> None:
        self._script = Script(client, _TAKE)
        self._allowance = allowance

    async def take(self, address: str, now: datetime) -> float:
        # What met a dead connection may take two tokens, which refuses a little early.
        allowed = self._allowance
        taken = self._script([key_of(address)], [unix_ms(now), allowed.burst, allowed.refill_ms])
        return int(await fail_open(taken, otherwise=0, use="sign-ups")) / 1000


def key_of(address: str) -> str:
    """The key of an address, which does not show it to whoever reads along."""
    digest = hashlib.blake2b(address.encode(), digest_size=_DIGEST_SIZE).hexdigest()
    return f"sign-ups:{digest}"
