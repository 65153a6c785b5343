"""``ImportService``: runs of imports, started, read and watched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from catalog_svc.domain import roots
from catalog_svc.domain.imports import Counts, FileState, Import, ImportFile, ImportState
from catalog_svc.ports.imports import Imports
from catalog_svc.usecases.not_found import not_found_error
from meshkit.clock import utc_now
from meshkit.idempotency import RequestKey
from meshkit.notices import POLL_S, Notices, watched
from meshkit.ulids import new_id


class CreateImport:
    """Checks the path and queues the scan. ``allowed`` are the folders that may be read."""

    def __init__(self, imports: Imports, allowed: Sequence[Path]) -> None:
        self._imports = imports
        self._allowed = [os.fsencode(os.path.realpath(root)) for root in allowed]

    async def __call__(self, path: str, key: RequestKey | None) -> Import:
        """The new run, or the one that the same request made before.

        Raises what ``roots.resolve`` raises for the path.
        """
        root = roots.resolve(path, self._allowed)
        now = utc_now()
        new = Import(new_id(), path, root, ImportState.SCANNING, Counts(), "", now, None)
        return await self._imports.create(new, key)


class ReadImports:
    """Reads of a run, once or as it goes on.

    Whoever watches one is woken by its changes, and looks every ``poll_s`` all the same.
    """

    def __init__(self, imports: Imports, changes: Notices, *, poll_s: float = POLL_S) -> None:
        self._imports = imports
        self._changes = changes
        self._poll_s = poll_s

    async def get_import(self, import_id: str) -> Import:
        """The run as it is now."""
        found = await self._imports.get(import_id)
        if found is None:
            raise not_found_error("import", import_id)
        return found

    async def list_imports(self, *, after: tuple[int, str] | None, limit: int) -> list[Import]:
        """The newest runs; ``after`` is (created_at in µs, id)."""
        return await self._imports.list_runs(after=after, limit=limit)

    async def list_import_files(
        self, import_id: str, *, states: Sequence[FileState], after: bytes | None, limit: int
    ) -> list[ImportFile]:
        """Files of the run by path."""
        await self.get_import(import_id)
        return await self._imports.list_files(import_id, states=states, after=after, limit=limit)

    def watch_import(self, import_id: str, *, stop: asyncio.Event) -> AsyncIterator[Import]:
        """The run at once, then as it changes, until it is finished or ``stop`` is set.

        Of changes that follow each other closely the last is shown, at most ten a second.
        """
        return watched(import_id, self.get_import, self._changes, stop=stop, poll_s=self._poll_s)
