"""Passwords hashed with argon2id, in threads of their own and never more of them than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from edge.identity.domain.users import Password
from meshkit.faults import Unavailable

_QUEUED_PER_THREAD = 32
_RETRY_AFTER_S = 2.0

P = ParamSpec("P")
T = TypeVar("T")


class Argon2Hasher:
    """The ``PasswordHasher`` by argon2id (RFC 9106, its second recommended choice by default).

    At most ``threads`` hashes run at a time, each in ``memory_kib`` of memory, and at most 32
    wait for each thread; what comes beyond is refused as OVERLOADED. Leave the block to end
    the threads.
    """

    def __init__(
        self,
        *,
        threads: int,
        time_cost: int = argon2.DEFAULT_TIME_COST,
        memory_kib: int = argon2.DEFAULT_MEMORY_COST,
        parallelism: int = argon2.DEFAULT_PARALLELISM,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost, memory_kib, parallelism)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        # The pool bounds what runs, the semaphore what waits: a caller who left while a thread
        # works for them frees neither before the work is done.
        self._places = asyncio.Semaphore(threads * (1 + _QUEUED_PER_THREAD))

    def __enter__(self) -> Argon2Hasher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: Password) -> str:
        return await self._run(self._argon2.hash, password.reveal())

    async def verify(self, password: Password, hashed: str) -> bool:
        return await self._run(self._fits, hashed, password.reveal())

    def _fits(self, hashed: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._places.locked():
            raise Unavailable(
                "Too many passwords are being checked; nothing was done.",
                reason="OVERLOADED",
                retry_after_s=_RETRY_AFTER_S,
            )
        await self._places.acquire()
        future = self._threads.submit(work, *args, **kwargs)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _release(loop, self._places))
        return await asyncio.wrap_future(future)


def _release(loop: asyncio.AbstractEventLoop, places: asyncio.Semaphore) -> None:
    # A loop that is closed has nobody left to wait for the place.
    if not loop.is_closed():
        loop.call_soon_threadsafe(places.release)
