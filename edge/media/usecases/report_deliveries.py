"""Batches of what was delivered: kept on disk, and reported until they are counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog

from edge.media.domain.deliveries import Batch
from edge.media.ports.delivery_ledger import DeliveryLedger
from edge.media.ports.delivery_reports import DeliveryReports
from edge.media.ports.spool import Spool, SpoolFull
from meshkit.faults import Fault, InvalidArgument, Unavailable

MOST_DELIVERIES = 1_000
MOST_SEGMENTS = 10_000
MOST_BATCHES = 100
"""What playback takes: deliveries and segments of a batch, batches of a report."""

REPORTED_WITHIN_MS = 24 * 3_600_000
"""What was not reported for this long is dropped: nobody would know whether it was counted."""

_LONGEST_PAUSE_S = 10.0
_TAKE_OVER_EVERY_S = 10.0
_FINISH_S = 3.0

_log = structlog.get_logger()


class DeliveryReporter:
    """Three tasks: one saves what was delivered, one reports what was saved, and one looks for
    what dead instances of this machine have left.

    A crash loses what was delivered since the last save, ``every_s`` at most. What was saved is
    reported under the same ids until playback has answered that it is counted.
    """

    def __init__(
        self,
        ledger: DeliveryLedger,
        spool: Spool,
        reports: DeliveryReports,
        *,
        every_s: float,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._reports = reports
        self._every_s = every_s
        self._clock = clock
        self._new_id = new_id
        self._unsaved: Batch | None = None
        self._at_a_time = MOST_BATCHES
        self._saved = asyncio.Event()
        self._saved.set()

    async def save_regularly(self) -> None:
        """Saves until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.save()
            except SpoolFull as error:
                _log.error("deliveries_not_saved", problem=str(error))

    async def report_regularly(self) -> None:
        """Reports until cancelled; tries again ever more seldom while nobody answers."""
        failures = 0
        while True:
            await self._saved.wait()
            try:
                again = await self.report()
            except Fault as fault:
                failures += 1
                _log.warning("deliveries_not_reported", reason=fault.reason)
                await asyncio.sleep(self._pause_s(failures))
            else:
                failures = 0
                if not again:
                    self._saved.clear()

    async def take_over_regularly(self) -> None:
        """Has what dead instances left reported until cancelled."""
        while True:
            if await self._spool.take_over():
                self._saved.set()
            await asyncio.sleep(_TAKE_OVER_EVERY_S)

    async def finish(self) -> None:
        """Saves all, and reports what can be reported in a few seconds; the rest stays on disk."""
        try:
            await self.save()
            async with asyncio.timeout(_FINISH_S):
                while await self.report():
                    pass
        except (SpoolFull, Fault, TimeoutError) as error:
            _log.warning("deliveries_left", problem=str(error))

    async def save(self) -> None:
        """Puts all that was delivered so far on disk. Raises SpoolFull; nothing is lost then."""
        while (batch := self._unsaved or self._batch()) is not None:
            self._unsaved = batch
            await self._spool.put(batch)
            self._unsaved = None
            self._saved.set()

    async def report(self) -> bool:
        """Reports the oldest batches; whether there were any. Raises Unavailable."""
        batches = await self._drop_late(await self._spool.oldest(self._at_a_time))
        if not batches:
            return False
        try:
            counted = await self._reports.report(batches)
        except InvalidArgument as fault:
            await self._drop_refused(batches, fault)
            return True
        if not counted:
            raise Unavailable("Nothing of the report was taken.")
        await self._spool.forget(counted)
        self._at_a_time = MOST_BATCHES
        return True

    def _batch(self) -> Batch | None:
        taken = self._ledger.take(MOST_DELIVERIES, MOST_SEGMENTS)
        return Batch(self._new_id(), self._clock(), taken) if taken else None

    async def _drop_late(self, batches: Sequence[Batch]) -> Sequence[Batch]:
        """Those that may still be reported; the others are dropped."""
        limit_ms = self._clock() - REPORTED_WITHIN_MS
        late = [batch.batch_id for batch in batches if batch.delivered_at_ms < limit_ms]
        if late:
            _log.error("deliveries_dropped", why="late", batches=len(late))
            await self._spool.forget(late)
        return [batch for batch in batches if batch.delivered_at_ms >= limit_ms]

    async def _drop_refused(self, batches: Sequence[Batch], fault: InvalidArgument) -> None:
        """One of these is no batch: they are reported one by one, and that one is dropped."""
        if len(batches) > 1:
            self._at_a_time = 1
            return
        problem = "; ".join(f"{one.field}: {one.description}" for one in fault.violations)
        _log.error("deliveries_dropped", why="refused", problem=problem)
        await self._spool.forget([batches[0].batch_id])

    def _pause_s(self, failures: int) -> float:
        longest_s = min(_LONGEST_PAUSE_S, self._every_s * 2 ** min(failures, 10))
        return random.uniform(longest_s / 2, longest_s)  # noqa: S311
