"""Runs of imports in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from catalog_svc.adapters.postgres import rows
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.imports import Counts, FileState, Import, ImportFile, ImportState
from catalog_svc.domain.jobs import Job, Priority, Work
from meshkit import postgres
from meshkit.clock import instant_of_us, unix_us
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_CREATE = "INSERT INTO imports (id, path, root, state, created_at) VALUES (%s, %s, %s, %s, %s)"
_LISTED = f"""{rows.IMPORT}
WHERE (created_at, id) < (%(created_at)s, %(id)s) ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
_FILES = """
SELECT path, state, track_id, reason FROM import_files
WHERE import_id = %(id)s AND path > %(after)s
  AND (cardinality(%(states)s::smallint[]) = 0 OR state = ANY (%(states)s::smallint[]))
ORDER BY path LIMIT %(limit)s
"""


class PostgresImports:
    """``Imports``."""

    def __init__(self, pool: postgres.Pool, queue: JobQueue) -> None:
        self._pool = pool
        self._queue = queue
        self._answers = PostgresAnswers()

    async def create(self, new: Import, key: RequestKey | None) -> Import:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                values = [new.id, new.path, new.root, new.state, new.created_at]
                await connection.execute(_CREATE, values)
                await self._queue.add(connection, [Job(Work.SCAN, new.id, Priority.FIRST_RUNGS)])
                return _encode(new)

            answer = await self._answers.answer_once(connection, key, produce)
        return _decode(answer)

    async def get(self, import_id: str) -> Import | None:
        found = await self._rows(f"{rows.IMPORT} WHERE id = %(id)s", {"id": import_id})
        return rows.import_run(found[0]) if found else None

    async def list_runs(self, *, after: tuple[int, str] | None, limit: int) -> list[Import]:
        place = (instant_of_us(after[0]), after[1]) if after else ("infinity", "")
        asked = {"created_at": place[0], "id": place[1], "limit": limit}
        return [rows.import_run(row) for row in await self._rows(_LISTED, asked)]

    async def list_files(
        self, import_id: str, *, states: Sequence[FileState], after: bytes | None, limit: int
    ) -> list[ImportFile]:
        asked = {"id": import_id, "states": list(states), "after": after or b"", "limit": limit}
        found = await self._rows(_FILES, asked)
        return [ImportFile(row[0], FileState(row[1]), row[2], row[3]) for row in found]

    async def _rows(self, query: str, arguments: dict[str, Any]) -> list[rows.Row]:
        async def run(connection: postgres.Connection) -> list[rows.Row]:
            return await (await connection.execute(query.encode(), arguments)).fetchall()

        return await postgres.read(self._pool, run)


def _encode(new: Import) -> bytes:
    created_us = unix_us(new.created_at)
    return json.dumps([new.id, new.path, new.root.hex(), created_us]).encode()


def _decode(answer: bytes) -> Import:
    import_id, path, root, created_us = json.loads(answer)
    created_at = instant_of_us(created_us)
    root_bytes = bytes.fromhex(root)
    state = ImportState.SCANNING
    return Import(import_id, path, root_bytes, state, Counts(), "", created_at, None)
