"""What is known of models, and which one serves, in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from psycopg.types.json import Jsonb

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from rec_svc.domain.models import ModelInfo, Promotion

_ADD = """
INSERT INTO models (model_id, created_at_ms, told) VALUES (%s, %s, %s)
ON CONFLICT (model_id) DO NOTHING
"""
_GET = "SELECT told FROM models WHERE model_id = %s"
_LIST = """
SELECT told FROM models WHERE (created_at_ms, model_id) < (%s, %s)
ORDER BY created_at_ms DESC, model_id DESC LIMIT %s
"""
_PROMOTIONS = """
SELECT revision, model_id, promoted_at_ms, promoted_by, back_to
FROM promotions ORDER BY revision DESC LIMIT %s
"""
# Of two with the same revision one waits for the other's commit and then inserts nothing.
_PROMOTE = """
INSERT INTO promotions (revision, model_id, promoted_at_ms, promoted_by, back_to)
SELECT %(revision)s, %(model_id)s, %(promoted_at_ms)s, %(promoted_by)s, %(back_to)s
WHERE %(revision)s = 1 + coalesce((SELECT max(revision) FROM promotions), 0)
ON CONFLICT (revision) DO NOTHING RETURNING revision
"""
_LAST = 2**62


class PostgresModels:
    """``Models``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def add(self, info: ModelInfo) -> None:
        async with postgres.transaction(self._pool) as connection:
            told = Jsonb(asdict(info))
            await connection.execute(_ADD, [info.model_id, info.created_at_ms, told])

    async def get(self, model_id: str) -> ModelInfo | None:
        rows = await self._rows(_GET, [model_id])
        return ModelInfo(**rows[0][0]) if rows else None

    async def list_models(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[ModelInfo]:
        rows = await self._rows(_LIST, [*(after or (_LAST, "")), limit])
        return [ModelInfo(**row[0]) for row in rows]

    async def promotions(self, limit: int = 100) -> Sequence[Promotion]:
        return [Promotion(*row) for row in await self._rows(_PROMOTIONS, [limit])]

    async def promote(self, new: Promotion, key: RequestKey | None = None) -> Promotion | None:
        try:
            async with postgres.transaction(self._pool) as connection:
                promote = partial(_promoted, connection, new)
                answer = await self._answers.answer_once(connection, key, promote)
        except _RaceLostError:
            return None
        return Promotion(**json.loads(answer))

    async def _rows(self, query: str, arguments: Sequence[object]) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), arguments)).fetchall()

        return await postgres.read(self._pool, run)


async def _promoted(connection: postgres.Connection, new: Promotion) -> bytes:
    found = await connection.execute(_PROMOTE, asdict(new))
    if await found.fetchone() is None:
        raise _RaceLostError
    return json.dumps(asdict(new)).encode()


class _RaceLostError(Exception):
    """Somebody else promoted first."""
