"""Single flight: work that is done once for all who ask for it at about the same time::

flights: SingleFlight[str, Names] = SingleFlight()
names = await flights(user_id, lambda: self._names_of(user_id))
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Results by key, each of one run, kept for ``kept_s`` seconds after it and never beyond
    ``limit`` of them, if there is one; a run that is pushed out goes on for those who wait for it.
    A failure goes to them, too, and is not kept.
    """

    def __init__(self, *, limit: int | None = None, kept_s: float = 0.0) -> None:
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
            if self._limit is not None and len(self._runs) > self._limit:
                # Who waits for it holds it still.
                self._runs.popitem(last=False)
        else:
            self._runs.move_to_end(key)
        return await asyncio.shield(run)

    async def landed(self) -> None:
        """Waits for all that runs, whatever comes of it: nobody else may wait for it any more."""
        await asyncio.gather(*self._runs.values(), return_exceptions=True)

    def _done(self, key: K, run: asyncio.Task[V]) -> None:
        # Those who waited have the exception; if all of them left, nobody needs it.
        if run.cancelled() or run.exception() is not None or not self._kept_s:
            self._drop(key, run)
        else:
            run.get_loop().call_later(self._kept_s, self._drop, key, run)

    def _drop(self, key: K, run: asyncio.Task[V]) -> None:
        if self._runs.get(key) is run:
            del self._runs[key]
