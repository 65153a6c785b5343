"""Events as Parquet files in the object store, written from what waits in PostgreSQL.

Each event is written once. What waits is cut into batches by a commit, and the files of a batch
are named after it, so that whoever writes it again, after a crash or beside another one, writes the
same files; only then does it leave PostgreSQL. Where files are put together, the new one is there
before the old ones go. So an event may for a moment be in two files of its shard, and is then told
once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any

import structlog

from meshkit import telemetry
from meshkit.clock import utc_now
from meshkit.objects import Objects
from rec_svc.adapters.parquet import event_files
from rec_svc.adapters.parquet.event_files import UnreadableFileError
from rec_svc.adapters.parquet.event_names import PREFIX, Shard, shard_of_event, shard_of_file
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.domain.events import Event, EventBatch, EventKind

KEPT_DAYS = 400
"""For how many days events are kept by default."""
_BATCH_EVENTS = 20_000

_log = structlog.get_logger("events")
_written = telemetry.counter(
    "rec_events_written", "Events that were written to files for the first time.", ["kind"]
)
_unreadable = telemetry.counter(
    "rec_event_files_unreadable", "Times that a file of events was left out as unreadable."
)
_waiting = telemetry.gauge("rec_events_waiting", "Events that are in no file yet.")
for _kind in EventKind:
    _written.labels(kind=_kind.value)


class ParquetEvents:
    """``Events``, and what writes them.

    ``kept_days``: what is older than that when it is told is not written.
    """

    def __init__(
        self, objects_url: str, pending: PostgresPendingEvents, kept_days: int = KEPT_DAYS
    ) -> None:
        self.objects = Objects(objects_url, PREFIX)
        self.pending = pending
        self.kept_days = kept_days

    async def read(self, from_day: date, to_day: date) -> AsyncIterator[EventBatch]:
        await self.write_waiting()
        for shard, names in (await self.files()).items():
            if from_day <= shard.day <= to_day:
                async with aclosing(self._tables(shard, names)) as tables:
                    async for table in tables:
                        for batch in event_files.batches_of(table):
                            yield batch

    async def write_waiting(self) -> None:
        """Writes all that waits to files. Raises Unavailable; repeatable at any point."""
        for batch in await self.pending.batches(_BATCH_EVENTS):
            events = await self.pending.rows(batch)
            await self._write(batch, events)
            await self.pending.done(batch)
            for event in events:
                _written.labels(kind=event.kind.value).inc()
        _waiting.set(await self.pending.waiting())

    async def _write(self, batch: str, events: Sequence[Event]) -> None:
        shards: defaultdict[Shard, list[Event]] = defaultdict(list)
        for event in events:
            shards[shard_of_event(event)].append(event)
        for shard, some in shards.items():
            if shard.day >= self.oldest_day():
                content = await asyncio.to_thread(_encoded, some)
                await self.objects.put(shard.file_name(batch), content)

    def oldest_day(self) -> date:
        """The first day that is kept."""
        return utc_now().date() - timedelta(days=self.kept_days)

    async def files(self) -> Mapping[Shard, list[str]]:
        """The names of all files by shard, in order; what has no name of ours is told."""
        shards: defaultdict[Shard, list[str]] = defaultdict(list)
        for name in await self.objects.names():
            shard = shard_of_file(name)
            if shard is None:
                _tell_unreadable(name, "it is not named as a file of events")
            else:
                shards[shard].append(name)
        return dict(sorted(shards.items()))

    async def _tables(self, shard: Shard, names: Sequence[str]) -> AsyncGenerator[Any, None]:
        """The events of a shard, a table a file, without users who were erased."""
        seen: set[str] = set()
        done: set[str] = set()
        while left := [name for name in names if name not in done]:
            # Files that were put together meanwhile are gone: what has them is found by looking
            # again. What is alone in its shard has each event once.
            alone = len(left) == 1 and not done
            for name in left:
                table = await self.table(name, await self.pending.erased())
                if table is None:
                    break
                done.add(name)
                yield table if alone else event_files.unseen(table, seen)
            else:
                return
            names = (await self.files()).get(shard, [])

    async def table(self, name: str, erased: Collection[str]) -> Any | None:
        """The events in a file without those of ``erased``; None where there is no such file.

        One that cannot be read is told and has none.
        """
        try:
            table = await self.stored(name)
        except UnreadableFileError:
            return event_files.table_of([])
        if table is None:
            return None
        return await asyncio.to_thread(event_files.without_users, table, erased)

    async def stored(self, name: str) -> Any | None:
        """All events in a file, those of erased users too; None where there is no such file.

        Raises UnreadableFileError, which is told.
        """
        content = await self.objects.get(name)
        if content is None:
            return None
        try:
            return await asyncio.to_thread(event_files.decode, content)
        except UnreadableFileError as error:
            _tell_unreadable(name, str(error))
            raise


def _encoded(events: Sequence[Event]) -> bytes:
    return event_files.encode(event_files.table_of(events))


def _tell_unreadable(name: str, why: str) -> None:
    _unreadable.inc()
    _log.error("file of events left out", name=name, why=why)
