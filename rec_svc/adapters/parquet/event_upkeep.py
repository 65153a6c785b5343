"""What keeps the files of events few, young, and free of users who were erased."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
import structlog

from meshkit.clock import utc_now
from meshkit.ulids import new_id
from rec_svc.adapters.parquet import event_files
from rec_svc.adapters.parquet.event_files import UnreadableFileError
from rec_svc.adapters.parquet.event_names import Shard, part_of_user
from rec_svc.adapters.parquet.events import ParquetEvents

MOST_FILES = 16
"""So many files a shard of today may have before they are put together."""
SETTLED = timedelta(minutes=15)
"""So long after an erasure nothing of the user is on its way to a file any more."""
DENIED_FOR = timedelta(days=35)
"""For how long a user is left out of reads after the files were rewritten."""

_log = structlog.get_logger("events")


class EventUpkeep:
    """Does it; each part may be interrupted at any point, and done by two at once."""

    def __init__(self, events: ParquetEvents, settled: timedelta = SETTLED) -> None:
        self._events = events
        self._settled = settled

    async def __call__(self) -> None:
        """All of it. Raises Unavailable."""
        await self.drop_old()
        await self.rewrite_erased()
        await self.compact()

    async def drop_old(self) -> None:
        """Drops the files of days that are over their time."""
        oldest = self._events.oldest_day()
        for shard, names in (await self._events.files()).items():
            if shard.day < oldest:
                for name in names:
                    await self._events.objects.delete(name)

    async def rewrite_erased(self) -> None:
        """Writes anew the files that have something of users who were erased."""
        pending = self._events.pending
        users = await pending.to_rewrite(self._settled)
        if users:
            parts = {part_of_user(user_id) for user_id in users}
            for shard, names in (await self._events.files()).items():
                # A file may be of a time that cut days into other parts.
                if shard.part in parts or not _is_cut_as_now(shard):
                    for name in names:
                        await self._rewrite(name, users)
            await pending.rewritten(users, self._settled)
            _log.info("events of erased users dropped", users=len(users))
        await pending.let_go(DENIED_FOR)

    async def _rewrite(self, name: str, users: frozenset[str]) -> None:
        objects = self._events.objects
        try:
            table = await self._events.stored(name)
        except UnreadableFileError:
            return
        if table is None:
            return
        kept = event_files.without_users(table, users)
        if kept.num_rows == table.num_rows:
            return
        if kept.num_rows:
            await objects.put(name, await asyncio.to_thread(event_files.encode, kept))
        else:
            await objects.delete(name)

    async def compact(self) -> None:
        """Puts the files of each shard together into one: of today where they are many."""
        today = utc_now().date()
        for shard, names in (await self._events.files()).items():
            most = MOST_FILES if shard.day >= today else 1
            if len(names) > most:
                await self._compact(shard, names)

    async def _compact(self, shard: Shard, names: Sequence[str]) -> None:
        seen: set[str] = set()
        erased = await self._events.pending.erased()
        tables: list[Any] = []
        taken: list[str] = []
        for name in names:
            try:
                table = await self._events.stored(name)
            except UnreadableFileError:
                continue
            if table is None:
                return
            tables.append(event_files.unseen(event_files.without_users(table, erased), seen))
            taken.append(name)
        if len(taken) < 2:
            return
        whole = pa.concat_tables(tables)
        if whole.num_rows:
            content = await asyncio.to_thread(event_files.encode, whole)
            await self._events.objects.put(shard.file_name(new_id()), content)
        for name in taken:
            await self._events.objects.delete(name)


def _is_cut_as_now(shard: Shard) -> bool:
    return shard.part.partition("-of-")[2] == part_of_user("").partition("-of-")[2]
