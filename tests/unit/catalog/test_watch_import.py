"""Who watches an import looks when it changes, and now and then where changes were missed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.imports import Import, ImportState
from catalog_svc.usecases.imports import ReadImports
from meshkit.wakeups import Wakeups
from tests.contracts.catalog.stores import new_import


@dataclass(slots=True)
class Counted(MemoryStore):
    """Counts how often runs are read."""

    reads: int = 0

    async def get(self, import_id: str) -> Import | None:
        self.reads += 1
        # Not by super(): a dataclass with slots is another class than the one that was written.
        return await MemoryStore.get(self, import_id)


class Deaf:
    """``Notices`` that never hears of any."""

    def __init__(self) -> None:
        self.watching = Wakeups[str]().waiting


async def test_a_run_that_does_not_change_is_not_read_again() -> None:
    store, run = Counted(), new_import()
    await store.create(run, None)
    watch = ReadImports(store, store, poll_s=3600.0).watch_import(run.id, stop=asyncio.Event())
    assert (await anext(watch)).state is ImportState.SCANNING
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0.3)
    assert store.reads == 1
    await store.fail(run.id, "gone")
    async with asyncio.timeout(10):
        assert (await waiting).state is ImportState.FAILED
    assert store.reads == 2


async def test_a_change_that_was_not_heard_of_is_seen_at_the_next_look() -> None:
    store, run = MemoryStore(), new_import()
    await store.create(run, None)
    watch = ReadImports(store, Deaf(), poll_s=0.01).watch_import(run.id, stop=asyncio.Event())
    assert (await anext(watch)).state is ImportState.SCANNING
    await store.fail(run.id, "gone")
    async with asyncio.timeout(10):
        assert (await anext(watch)).state is ImportState.FAILED


async def test_a_watch_that_is_stopped_ends_while_it_waits() -> None:
    store, run, stop = MemoryStore(), new_import(), asyncio.Event()
    await store.create(run, None)
    watch = ReadImports(store, store, poll_s=3600.0).watch_import(run.id, stop=stop)
    assert (await anext(watch)).state is ImportState.SCANNING
    waiting = asyncio.ensure_future(anext(watch, None))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(10):
        assert await waiting is None
