"""Passwords hashed with argon2id, in threads of their own and never more of them than allowed."""

from __future__ import annotations

from functools import partial
from types import TracebackType

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from edge.identity.adapters.argon2.timed_queue import TimedQueue
from edge.identity.domain.users import Password
from meshkit.deadline import budget

# Until a hash was made: what one takes on a busy machine.
_ASSUMED_S = 0.5


class Argon2Hasher:
    """The ``PasswordHasher`` by argon2id (RFC 9106, its second recommended choice by default).

    At most ``threads`` hashes run at a time, each in ``memory_kib`` of memory. What would not be
    done within ``wait_s``, or within the caller's deadline, is refused as OVERLOADED. Leave the
    block to end the threads.
    """

    def __init__(
        self,
        *,
        threads: int,
        wait_s: float,
        time_cost: int = argon2.DEFAULT_TIME_COST,
        memory_kib: int = argon2.DEFAULT_MEMORY_COST,
        parallelism: int = argon2.DEFAULT_PARALLELISM,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost, memory_kib, parallelism)
        self._wait_s = wait_s
        self._queue = TimedQueue(threads, assumed_s=_ASSUMED_S)

    def __enter__(self) -> Argon2Hasher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.close()

    async def hash(self, password: Password) -> str:
        work = partial(self._argon2.hash, password.reveal())
        return await self._queue.run(work, within_s=budget(self._wait_s))

    async def verify(self, password: Password, hashed: str) -> bool:
        work = partial(self._fits, hashed, password.reveal())
        return await self._queue.run(work, within_s=budget(self._wait_s))

    def _fits(self, hashed: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
