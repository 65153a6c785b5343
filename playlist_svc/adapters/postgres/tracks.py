"""The replica of the catalogue's tracks in PostgreSQL, read and chosen from."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from meshkit import postgres
from meshkit.aging import AgingCache
from meshkit.replicas_postgres import PostgresCursor
from playlist_svc.adapters.postgres import rules_sql, track_rows
from playlist_svc.adapters.postgres.catalogue_replica import FEED
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.tracks import Catalogue, Track, TrackChange

HELD: Final = 100_000
"""How many tracks one process holds in memory at most."""
HELD_S: Final = 60.0

# Rows are decoded at once, and nobody else is served meanwhile.
_BATCH = 1_000

# A track that was removed before it was told has no artist, and nothing to show.
_FIND = f"SELECT {track_rows.SHOWN} FROM tracks WHERE track_id = ANY (%s) AND artist_id <> ''"  # noqa: S608
# Those that are unknown, or known to be no longer available.
_LOST = """
SELECT asked.id FROM unnest(%s::text[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM tracks WHERE track_id = asked.id AND artist_id <> '' AND available)
"""


class PostgresTracks:
    """``Tracks`` of the schema. ``now_s`` is a clock that never goes back, in seconds."""

    def __init__(
        self,
        pool: postgres.Pool,
        catalogue: Catalogue,
        *,
        now_s: Callable[[], float] = time.monotonic,
        held: int = HELD,
    ) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._cursor = PostgresCursor(pool, FEED)
        self._now_s = now_s
        self._cache: AgingCache[str, Track] = AgingCache(held, HELD_S, now_s)

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        found, missing = self._cache.find(track_ids)
        for at in range(0, len(missing), _BATCH):
            found.update(await self._read(missing[at : at + _BATCH]))
        return found

    async def require(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """Names may be held in memory; what is available is always read."""
        found = dict(await self.named(track_ids))
        lost = await self._lost(track_ids)
        unknown = [id_ for id_ in dict.fromkeys(track_ids) if id_ in lost and id_ not in found]
        if unknown:
            await self._ask(unknown)
        outdated = [
            id_
            for id_ in dict.fromkeys(track_ids)
            if id_ not in found or found[id_].available == (id_ in lost)
        ]
        for at in range(0, len(outdated), _BATCH):
            found.update(await self._read(outdated[at : at + _BATCH]))
        for id_ in track_ids:
            if id_ not in found or not found[id_].available:
                raise unknown_resource_error("track", id_)
        return found

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        statement, values = rules_sql.select(rule, owner_id, now_ms)

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            # Planned for these very values: a plan for any would miss that few rows match.
            cursor = await connection.execute(statement, values, prepare=False)
            return await cursor.fetchall()

        return [(row[0], row[1]) for row in await postgres.read(self._pool, query)]

    async def _read(self, track_ids: Sequence[str]) -> dict[str, Track]:
        """What the table has of the tracks, kept in memory as of before it was asked."""
        at = self._now_s()

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_FIND, [list(track_ids)])).fetchall()

        found = {row[0]: track_rows.track_of(row) for row in await postgres.read(self._pool, query)}
        for id_, track in found.items():
            self._cache.keep(id_, track, at)
        return found

    async def _lost(self, track_ids: Collection[str]) -> set[str]:
        """Those of the tracks that the table does not have as available, as of now."""

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_LOST, [list(track_ids)])).fetchall()

        return {row[0] for row in await postgres.read(self._pool, query)}

    async def _ask(self, track_ids: Sequence[str]) -> None:
        """Adds what the catalogue has of the tracks, unless the feed told it meanwhile.

        Marked by the listing before the question: one that began after it has to tell them again.
        """

        _, listing = await self._cursor.find()
        tracks = await self._catalogue.tracks(track_ids)
        changes = [TrackChange(track.track_id, 0, track) for track in tracks]
        for at in range(0, len(changes), _BATCH):
            rows = track_rows.rows_of(changes[at : at + _BATCH])
            async with postgres.transaction(self._pool) as connection:
                await self._cursor.hold(connection)
                asked = {"number": listing, "rows": rows}
                await connection.execute(track_rows.INSERT_ASKED, asked)
