"""Work that is done once for all who ask for it at about the same time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SharedWork(Generic[K, V]):
    """Results by key, each of one run, kept for ``kept_s`` seconds after it and never beyond
    ``limit`` of them. A failure goes to those who wait for it and is not kept.
    """

    def __init__(self, *, limit: int = 64, kept_s: float = 5.0) -> None:
        self._limit = limit
        self._kept_s = kept_s
        self._runs: OrderedDict[K, asyncio.Task[V]] = OrderedDict()

    async def __call__(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """What ``work`` returns or raises. Who is cancelled leaves the run to the others."""
        run = self._runs.get(key)
        if run is None:
            # In a context of its own: it has neither the deadline nor the rights of who came first.
            run = asyncio.create_task(work(), context=Context())
            run.add_done_callback(partial(self._done, key))
            self._runs[key] = run
            if len(self._runs) > self._limit:
                # Who waits for it holds it still.
                self._runs.popitem(last=False)
        else:
            self._runs.move_to_end(key)
        return await asyncio.shield(run)

    def _done(self, key: K, run: asyncio.Task[V]) -> None:
        if run.cancelled() or run.exception() is not None:
            self._drop(key, run)
        else:
            run.get_loop().call_later(self._kept_s, self._drop, key, run)

    def _drop(self, key: K, run: asyncio.Task[V]) -> None:
        if self._runs.get(key) is run:
            del self._runs[key]
