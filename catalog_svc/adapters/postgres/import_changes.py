"""Changes of import runs, as the transactions that make them tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final

from catalog_svc.schema import SCHEMA
from meshkit import notices_postgres
from meshkit.wakeups import Wakeups

_CHANNEL = "imports"
TELL: Final = f"RETURNING pg_notify(current_schema() || '.{_CHANNEL}', id)"
"""What every statement that changes runs ends with: its commit wakes those who watch them."""


class PostgresImportChanges:
    """The ``ImportChanges`` of the schema; get it from :func:`open_import_changes`."""

    def __init__(self) -> None:
        self._wakeups: Wakeups[str] = Wakeups()

    def watching(self, import_id: str) -> AbstractContextManager[asyncio.Event]:
        return self._wakeups.waiting(import_id)

    def hear(self, import_id: str | None) -> None:
        """A run has changed; None where any may have."""
        if import_id is None:
            self._wakeups.wake_all()
        else:
            self._wakeups.wake(import_id)


@asynccontextmanager
async def open_import_changes(dsn: str) -> AsyncIterator[PostgresImportChanges]:
    """Listens on a connection of its own until the block ends."""
    changes = PostgresImportChanges()
    async with notices_postgres.listening(
        dsn, schema=SCHEMA.name, channel=_CHANNEL, hear=changes.hear
    ):
        yield changes
