"""What recommendations have learnt of users in a running mesh, as its models will read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from localmesh.databases import database_dsn
from localmesh.layout import Layout
from meshkit.clock import utc_now
from meshkit.testing import stores
from rec_svc.adapters.parquet.events import ParquetEvents
from rec_svc.adapters.postgres.listening import PostgresListening
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.playlists import PostgresPlaylists
from rec_svc.domain.events import Event
from tests.mesh.mesh_processes import until


@dataclass(frozen=True, slots=True)
class Learnt:
    """The stores of a mesh's recommendations, which are only read."""

    listening: PostgresListening
    playlists: PostgresPlaylists
    _events: ParquetEvents

    async def events(self, user_id: str) -> list[Event]:
        """Those of a user, by time."""
        today = utc_now().date()
        batches = self._events.read(today - timedelta(days=1), today)
        found = [event async for batch in batches for event in batch.events()]
        mine = [event for event in found if event.user_id == user_id]
        return sorted(mine, key=lambda event: (event.at_ms, event.event_id))

    async def until(self, condition: Callable[[], Awaitable[Any]], otherwise: str) -> Any:
        """What ``condition`` answers as soon as that is true."""
        return await until(condition, otherwise)


@asynccontextmanager
async def learnt_in(folder: Path) -> AsyncIterator[Learnt]:
    """What the mesh in ``folder`` has learnt."""
    async with stores.open_pool(database_dsn(folder, "rec"), schema="rec", max_size=2) as pool:
        events = ParquetEvents(Layout.at(folder).objects.as_uri(), PostgresPendingEvents(pool))
        yield Learnt(PostgresListening(pool), PostgresPlaylists(pool), events)
