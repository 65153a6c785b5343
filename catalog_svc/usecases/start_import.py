"""Start an import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalog_svc.domain import roots
from catalog_svc.domain.ids import new_id
from catalog_svc.domain.imports import Counts, Import, ImportState
from catalog_svc.ports.imports import Imports
from meshkit.idempotency import RequestKey


class StartImport:
    """Checks the path and queues the scan. ``allowed`` are the folders that may be read."""

    def __init__(self, imports: Imports, allowed: Sequence[Path]) -> None:
        self._imports = imports
        self._allowed = [os.fsencode(os.path.realpath(root)) for root in allowed]

    async def __call__(self, path: str, key: RequestKey | None) -> Import:
        """The new run, or the one that the same request made before.

        Raises what ``roots.resolve`` raises for the path.
        """
        root = roots.resolve(path, self._allowed)
        now = datetime.now(UTC)
        new = Import(new_id(), path, root, ImportState.SCANNING, Counts(), "", now, None)
        return await self._imports.create(new, key)
