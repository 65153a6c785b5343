"""Scan the folder of an import: every file known, every tag read, every track searchable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog_svc.domain.imports import ImportState, ScannedFile, Stamp, relative
from catalog_svc.domain.roots import why_unreadable
from catalog_svc.ports.imports import Found, ScanStore, TagReader, Walker

_BATCH_FILES = 1_000
_BATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class _Scan:
    """One walk over a root, in a thread. ``changed`` begins as all that is known under it."""

    walker: Walker
    tags: TagReader
    root: bytes
    known: Mapping[bytes, tuple[Stamp, bool]]
    recorded: frozenset[bytes]
    changed: set[bytes]

    def batches(self) -> Iterator[list[ScannedFile]]:
        """What is new, changed or unsettled, in batches that end soon, so that it shows soon.

        What is as it was known is taken out of ``changed`` and costs nothing else.
        """
        batch: list[ScannedFile] = []
        began = time.monotonic()
        for found in self.walker.walk(self.root):
            known = self.known.get(found.path)
            if known is not None and known[1] and known[0] == found.stamp:
                self.changed.discard(found.path)
                continue
            if relative(found.path, self.root) in self.recorded:
                continue
            batch.append(self._scanned(found))
            if len(batch) >= _BATCH_FILES or time.monotonic() - began > _BATCH_S:
                yield batch
                batch, began = [], time.monotonic()
        if batch:
            yield batch

    def _scanned(self, found: Found) -> ScannedFile:
        if found.problem or found.stamp is None:
            return ScannedFile(found.path, found.stamp, reason=found.problem)
        if found.stamp.size == 0:
            reason = "the file is empty"
            return ScannedFile(found.path, found.stamp, reason=reason, remember=True)
        try:
            tags = self.tags.read(found.path)
        except OSError as error:
            reason = f"it cannot be read: {why_unreadable(error)}"
            return ScannedFile(found.path, found.stamp, reason=reason)
        named = tags.named_after(found.path) if tags else None
        return ScannedFile(found.path, found.stamp, tags=named)


class ScanImport:
    """Runs a scan; after a kill it goes on with the files that were not recorded yet."""

    def __init__(self, store: ScanStore, walker: Walker, tags: TagReader) -> None:
        self._store = store
        self._walker = walker
        self._tags = tags

    async def __call__(self, import_id: str) -> None:
        """Scan the run ``import_id`` to its end."""
        run = await self._store.get(import_id)
        if run is None or run.state is not ImportState.SCANNING:
            return
        known = await self._store.known(run.root)
        recorded = frozenset(await self._store.recorded(import_id))
        scan = _Scan(self._walker, self._tags, run.root, known, recorded, set(known))
        try:
            await self._record(import_id, run.root, scan.batches())
        except OSError as error:
            problem = f"The path cannot be read: {why_unreadable(error)}."
            await self._store.fail(import_id, problem)
            return
        if len(scan.changed) < len(known):
            await self._store.record_unchanged(import_id, run.root, scan.changed)
        await self._store.finish_scan(import_id)

    async def _record(
        self, import_id: str, root: bytes, batches: Iterator[list[ScannedFile]]
    ) -> None:
        """Store each batch while the next one is read."""
        batch = await asyncio.to_thread(next, batches, None)
        while batch:
            upcoming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
            try:
                await self._store.record(import_id, root, batch)
            finally:
                # The walk runs in a thread: leaving it behind would touch the iterator twice.
                batch = await upcoming
