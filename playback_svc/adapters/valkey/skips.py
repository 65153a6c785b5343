"""Skips counted in Valkey: a hash a user and window, touched by one script alone."""

from __future__ import annotations

import structlog
from redis.asyncio import Redis

from meshkit.faults import Unavailable
from meshkit.idempotency import MAX_LENGTH, reused
from meshkit.valkey import fail_closed
from meshkit.valkey_scripts import Script
from playback_svc.ports.clock import Clock
from playback_svc.ports.skips import WINDOW_S, SkipAttempt, Tally

_DIGEST_BYTES = 16
_TRIES = 3

# KEYS are the hashes of the present window and of the one before. ARGV: length of a window in
# seconds, the window that the caller takes for the present one, what to do, and for a try its
# request id, its digest and the limit. Answers what happened, then the skips that the present
# window counts and the seconds that are left of it, or else which window is the present one.
#
# A field is a counted request; its value is the digest of the body and the number of takes. A
# value of another form is a skip that counts, but nobody knows for which body or how often.
_SCRIPT = """
local window_s, now = tonumber(ARGV[1]), tonumber(redis.call('TIME')[1])
local window = math.floor(now / window_s)
if window ~= tonumber(ARGV[2]) then
  return {'elsewhere', window}
end
local action, field, digest = ARGV[3], ARGV[4], ARGV[5]

local function told(what)
  return {what, redis.call('HLEN', KEYS[1]), (window + 1) * window_s - now}
end

if action == 'look' then
  return told('seen')
end

for _, key in ipairs(KEYS) do
  local value = redis.call('HGET', key, field)
  if value then
    local body, takes = string.match(value, '^(%x+) (%d+)$')
    if action == 'give back' then
      if body == digest and tonumber(takes) == 1 then
        redis.call('HDEL', key, field)
      end
      return told('seen')
    end
    if body and body ~= digest then
      return told('reused')
    end
    redis.call('HSET', key, field, digest .. ' ' .. ((tonumber(takes) or 1) + 1))
    return told(body and 'again' or 'mended')
  end
end

if action == 'give back' then
  return told('seen')
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
  return told('denied')
end
redis.call('HSET', KEYS[1], field, digest .. ' 1')
redis.call('EXPIREAT', KEYS[1], (window + 2) * window_s)
return told('counted')
"""

_log = structlog.get_logger("playback")


class ValkeySkipWindows:
    """A ``SkipWindows``.

    A script may touch only the keys that it is given, so the window is guessed by ``clock``;
    Valkey refuses a wrong guess with the right window, and is asked again with that.
    """

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._script = Script(client, _SCRIPT)
        self._clock = clock

    async def take(self, skip: SkipAttempt, limit: int) -> Tally:
        outcome, used, resets_in_s = await self._ask(skip.user_id, "take", *_try(skip), limit)
        if outcome == b"reused":
            raise reused()
        if outcome == b"mended":
            _log.warning("a counted skip was malformed and is taken for this request's")
        return Tally(
            allowed=outcome != b"denied",
            used=used,
            resets_in_s=resets_in_s,
            counted_now=outcome == b"counted",
        )

    async def give_back(self, skip: SkipAttempt) -> None:
        await self._ask(skip.user_id, "give back", *_try(skip))

    async def read(self, user_id: str) -> Tally:
        _, used, resets_in_s = await self._ask(user_id, "look")
        return Tally(allowed=True, used=used, resets_in_s=resets_in_s, counted_now=False)

    async def erase(self, user_id: str) -> None:
        await fail_closed(self._erase(user_id), use="skip limit")

    async def _erase(self, user_id: str) -> None:
        seconds, _ = await self._client.time()
        window = seconds // WINDOW_S
        # The next one too: it may begin before the command arrives.
        await self._client.delete(*(key_of(user_id, window + step) for step in (-1, 0, 1)))

    async def _ask(
        self, user_id: str, action: str, *arguments: str | int
    ) -> tuple[bytes, int, int]:
        window = self._clock() // 1000 // WINDOW_S
        for _ in range(_TRIES):
            keys = [key_of(user_id, window), key_of(user_id, window - 1)]
            answer = self._script(keys, [WINDOW_S, window, action, *arguments])
            match await fail_closed(answer, use="skip limit"):
                case [b"elsewhere", right]:
                    window = right
                case [outcome, used, resets_in_s]:
                    return outcome, used, resets_in_s
        raise Unavailable("The store's time cannot be told.", reason="STORE_UNAVAILABLE")


def key_of(user_id: str, window: int) -> str:
    """Where a user's skips of a window stand; the braces keep both windows in one slot."""
    return f"skips:{{{user_id}}}:{window}"


def _try(skip: SkipAttempt) -> tuple[str, str]:
    if len(skip.request_id.encode()) > MAX_LENGTH:
        raise ValueError(f"a request id has at most {MAX_LENGTH} bytes")
    return skip.request_id, skip.body_sha256[:_DIGEST_BYTES].hex()
