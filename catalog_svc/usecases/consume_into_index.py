"""Consume the catalogue's feed into the search index."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from catalog_svc.domain.search import IndexChange, Kind
from catalog_svc.ports.catalogue import CatalogueSnapshot
from catalog_svc.ports.search import IndexDamaged, SearchIndex
from meshkit.faults import InvalidArgument, OutOfRange
from meshkit.feeds import Change, ChangeFeed, FeedBatch

_log = structlog.get_logger()
_ENTITIES = frozenset(kind.value for kind in Kind)

Decoder = Callable[[Change], IndexChange | None]
"""Makes an index's change of a feed's; None for what the index does not hold."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the index is committed, in seconds and changes.

    A commit costs some 20 ms however much is in it, so that under load changes are gathered for
    ``gather_s``; the first after a quiet time is committed at once. A failure is retried after
    ``retry_s``, then after twice that and so on up to ``retry_most_s``. A search may find the index
    damaged while nothing changes: it is looked after every ``check_s``.
    """

    gather_s: float = 0.25
    batch_most: int = 5_000
    retry_s: float = 0.2
    retry_most_s: float = 10.0
    check_s: float = 5.0


class IndexConsumer:
    """Consumes the catalogue's feed into the index, from where the index's own token says.

    ``caught_up`` is set when the index first holds all that was in the feed. ``report_lag`` is
    told for how many seconds the index has not held all of the feed; 0 when it does.
    """

    def __init__(
        self,
        feed: ChangeFeed,
        index: SearchIndex,
        listing: CatalogueSnapshot,
        decode: Decoder,
        *,
        report_lag: Callable[[float], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self.caught_up = asyncio.Event()
        self._feed = feed
        self._index = index
        self._listing = listing
        self._decode = decode
        self._report_lag = report_lag
        self._pace = pace or Pace()
        self._current_at = time.monotonic()
        self._start_over = False
        self._failures = 0

    async def run(self) -> None:
        """Consumes until it is cancelled; whatever fails is logged and tried again."""
        while True:
            try:
                await self._consume()
            except (OutOfRange, InvalidArgument, IndexDamaged) as fault:
                _log.warning("search_index_starts_over", cause=fault.reason)
                self._start_over = True
            except Exception:  # noqa: BLE001 - nobody else would restart this task
                _log.exception("search_index_consume_failed", failures=self._failures + 1)
            await self._back_off()

    async def _consume(self) -> None:
        token = await self._resume()
        while True:
            asked_at = time.monotonic()
            batch = await self._feed.read(token, self._pace.batch_most)
            if batch.changes:
                await self._apply(batch)
                token = batch.token
            if len(batch.changes) < self._pace.batch_most:
                self._is_current(asked_at)
                await asyncio.sleep(self._pace.gather_s if batch.changes else 0)
            if not batch.changes:
                await self._changed(token)
                await self._index.token()

    async def _resume(self) -> str:
        """The token to go on from, after taking over the whole catalogue where there is none."""
        token = "" if self._start_over else await self._index.token()
        if token:
            return token
        await self._index.clear()
        self._start_over = False
        head = await self._feed.head()
        pending: list[IndexChange] = []
        async for listed in self._listing.everything(_ENTITIES):
            pending += self._decoded(listed)
            if len(pending) >= self._pace.batch_most:
                await self._index.apply(pending, "")
                pending = []
        await self._index.apply(pending, head)
        return head

    async def _apply(self, batch: FeedBatch) -> None:
        await self._index.apply(self._decoded(batch.changes), batch.token)
        self._failures = 0
        self._report()

    def _decoded(self, changes: Sequence[Change]) -> list[IndexChange]:
        return [change for change in map(self._decoded_one, changes) if change is not None]

    def _decoded_one(self, change: Change) -> IndexChange | None:
        try:
            return self._decode(change)
        except ValueError:
            # One row that nobody can read must not keep all later ones out of the index.
            _log.exception("search_index_change_unreadable", entity=change.entity, id=change.id)
            return None

    async def _changed(self, token: str) -> None:
        """Returns when there is something after ``token``, and when the index is to be checked."""
        stop = asyncio.Event()
        watch = self._feed.watch(token, stop=stop)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.check_s):
                    async for batch in watch:
                        if batch.changes:
                            break
        finally:
            stop.set()
            if isinstance(watch, AsyncGenerator):
                await watch.aclose()
        self._current_at = time.monotonic()

    def _is_current(self, at: float) -> None:
        """Notes that the index holds all that was in the feed at a time of the monotonic clock."""
        self._failures = 0
        self._current_at = at
        self.caught_up.set()
        self._report_lag(0.0)

    def _report(self) -> None:
        self._report_lag(time.monotonic() - self._current_at)

    async def _back_off(self) -> None:
        self._report()
        wait_s = self._pace.retry_s * 2 ** min(self._failures, 16)
        self._failures += 1
        await asyncio.sleep(min(wait_s, self._pace.retry_most_s))
