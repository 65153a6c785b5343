"""Follow an import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from catalog_svc.domain.imports import FileState, Import, ImportFile
from catalog_svc.ports.imports import Imports
from catalog_svc.usecases.catalog import missing

_STEP_S = 0.1


class FollowImport:
    """Reads of a run, once or as it goes on."""

    def __init__(self, imports: Imports, *, step_s: float = _STEP_S) -> None:
        self._imports = imports
        self._step_s = step_s

    async def get(self, import_id: str) -> Import:
        """The run as it is now."""
        found = await self._imports.get(import_id)
        if found is None:
            raise missing("import", import_id)
        return found

    async def listed(self, *, after: tuple[int, str] | None, limit: int) -> list[Import]:
        """The newest runs; ``after`` is (created_at in µs, id)."""
        return await self._imports.listed(after=after, limit=limit)

    async def files(
        self, import_id: str, *, states: Sequence[FileState], after: bytes | None, limit: int
    ) -> list[ImportFile]:
        """Files of the run by path."""
        await self.get(import_id)
        return await self._imports.files(import_id, states=states, after=after, limit=limit)

    async def watch(self, import_id: str, *, stop: asyncio.Event) -> AsyncIterator[Import]:
        """The run at once, then at every change, until it is finished or ``stop`` is set.

        The run's counts are one row, so looking again costs a read by its key.
        """
        last: Import | None = None
        while not stop.is_set():
            now = await self.get(import_id)
            if now != last:
                yield now
            if now.finished:
                return
            last = now
            await _pause(stop, self._step_s)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
