"""Start an import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from catalog_svc.domain import roots
from catalog_svc.domain.imports import Counts, Import, ImportState
from catalog_svc.ports.imports import Imports
from meshkit.clock import utc_now
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id


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
        now = utc_now()
        new = Import(new_id(), path, root, ImportState.SCANNING, Counts(), "", now, None)
        return await self._imports.create(new, key)
