"""Scan the folder of an import: every file known, every tag read, every track searchable."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog_svc.domain.imports import ImportState, ScannedFile, Source
from catalog_svc.ports import Found, ScanStore, TagReader, Walker

_BATCH_FILES = 1_000
_BATCH_UNCHANGED = 25_000
_BATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class _Scan:
    """One walk over a root, in the worker's thread pool; ends each batch in good time."""

    walker: Walker
    tags: TagReader
    root: bytes
    known: Mapping[bytes, Source]
    recorded: frozenset[bytes]

    def batches(self) -> Iterator[list[ScannedFile]]:
        """What was found; a batch is small while there is news in it, so that it shows soon."""
        batch: list[ScannedFile] = []
        fresh, began = 0, time.monotonic()
        for found in self.walker.walk(self.root):
            if self._relative(found.path) in self.recorded:
                continue
            file = self._scanned(found)
            batch.append(file)
            fresh += not file.unchanged
            late = fresh and time.monotonic() - began > _BATCH_S
            if late or fresh >= _BATCH_FILES or len(batch) >= _BATCH_UNCHANGED:
                yield batch
                batch, fresh, began = [], 0, time.monotonic()
        if batch:
            yield batch

    def _relative(self, path: bytes) -> bytes:
        if path == self.root:
            return os.path.basename(path)
        return path[len(self.root.rstrip(b"/")) + 1 :]

    def _scanned(self, found: Found) -> ScannedFile:
        known = self.known.get(found.path)
        if found.problem or found.stamp is None:
            return ScannedFile(found.path, found.stamp, known, reason=found.problem)
        if known is not None and known.stamp == found.stamp:
            return ScannedFile(found.path, found.stamp, known, unchanged=True)
        if found.stamp.size == 0:
            reason = "the file is empty"
            return ScannedFile(found.path, found.stamp, known, reason=reason, remember=True)
        try:
            tags = self.tags.read(found.path)
        except OSError as error:
            reason = f"it cannot be read: {os.strerror(error.errno or 0)}"
            return ScannedFile(found.path, found.stamp, known, reason=reason)
        named = tags.named_after(found.path) if tags else None
        return ScannedFile(found.path, found.stamp, known, tags=named)


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
        scan = _Scan(self._walker, self._tags, run.root, known, recorded)
        try:
            await self._record(import_id, run.root, scan.batches())
        except OSError as error:
            problem = f"The path cannot be read: {os.strerror(error.errno or 0)}."
            await self._store.fail(import_id, problem)
            return
        await self._store.finish_scan(import_id)

    async def _record(
        self, import_id: str, root: bytes, batches: Iterator[list[ScannedFile]]
    ) -> None:
        """Store each batch while the next one is read."""
        batch = await asyncio.to_thread(next, batches, None)
        while batch:
            following = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
            try:
                await self._store.record(import_id, root, batch)
            finally:
                # The walk runs in a thread: leaving it behind would touch the iterator twice.
                batch = await following
