"""Experiments and exposures in a real PostgreSQL."""

from __future__ import annotations

import pytest

from meshkit import postgres
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.experiments import PostgresExperiments, PostgresLooks
from rec_svc.adapters.postgres.exposures import PostgresExposures
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.domain.experiments import Experiment
from tests.contracts.rec.experiment_samples import NOW_MS, a_draft
from tests.contracts.rec.experiments_suite import MOST, ExperimentsContract, LooksContract
from tests.contracts.rec.exposures_suite import ExposuresContract, LogUnderTest, a_play

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'rec' AND data_type IN ('text', 'jsonb', 'ARRAY') ORDER BY 1, 2
"""


class TestPostgresExperiments(ExperimentsContract):
    @pytest.fixture
    def experiments(self, pool: postgres.Pool) -> PostgresExperiments:
        return PostgresExperiments(pool, most=MOST)


class TestPostgresLooks(LooksContract):
    @pytest.fixture
    def looks(self, pool: postgres.Pool) -> PostgresLooks:
        return PostgresLooks(pool)

    @pytest.fixture
    async def experiment(self, pool: postgres.Pool) -> Experiment:
        return await PostgresExperiments(pool).create(a_draft())


class TestPostgresExposures(ExposuresContract):
    @pytest.fixture
    def log(self, pool: postgres.Pool) -> LogUnderTest:
        self.pool = pool
        return LogUnderTest(PostgresExposures(pool), PostgresExperiments(pool))

    async def erase(self, log: LogUnderTest, user_id: str) -> None:
        await PostgresPendingEvents(self.pool).erase(user_id)
        await log.log.erase(user_id)

    async def test_no_column_names_who_was_erased(
        self, log: LogUnderTest, pool: postgres.Pool
    ) -> None:
        shown = await log.shown(new_id(), await log.running())
        await log.log.count([a_play(shown)])
        assert await _places_of(pool, shown.user_id)
        await log.log.erase(shown.user_id)
        assert await _places_of(pool, shown.user_id) == []

    async def test_what_was_counted_goes_with_its_list(
        self, log: LogUnderTest, pool: postgres.Pool
    ) -> None:
        shown = await log.shown(new_id())
        await log.log.count([a_play(shown)])
        await log.log.prune(NOW_MS * 2)
        assert await _places_of(pool, shown.shown_id) == []


async def _places_of(pool: postgres.Pool, word: str) -> list[tuple[str, str]]:
    """The columns that hold a word anywhere."""
    found = []
    async with pool.connection() as connection:
        for table, column in await (await connection.execute(_COLUMNS)).fetchall():
            statement = f"SELECT 1 FROM {table} WHERE {column}::text LIKE %s LIMIT 1"
            row = await (await connection.execute(statement.encode(), [f"%{word}%"])).fetchone()
            if row:
                found.append((table, column))
    return found
