"""The PostgreSQL answers keep the contract of answer stores, beside what they wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from meshkit import idempotency_postgres, postgres
from meshkit.idempotency import RequestKey
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.answer_suite import (
    KEY,
    AnswerStoreContract,
    AnswersUnderTest,
    Counted,
    Produce,
)

AGE = "UPDATE request_answers SET written_at = written_at - interval '24 hours 1 second'"


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    await migrate(database_dsn, schema="playlist", sources=[idempotency_postgres.TABLES.migrations])
    async with stores.open_pool(database_dsn, schema="playlist") as pool:
        yield pool


class TestPostgresAnswers(AnswerStoreContract):
    @pytest.fixture
    def answers(self, pool: postgres.Pool) -> AnswersUnderTest:
        store = idempotency_postgres.PostgresAnswers()

        async def answer_once(key: RequestKey | None, produce: Produce) -> bytes:
            async with postgres.transaction(pool) as connection:
                return await store.answer_once(connection, key, produce)

        async def expire_all() -> None:
            async with pool.connection() as connection:
                await connection.execute(AGE)

        async def answer_of(key: RequestKey | None) -> bytes | None:
            return await postgres.read(pool, lambda connection: store.answer_of(connection, key))

        return AnswersUnderTest(answer_once, expire_all, answer_of)


async def test_a_rolled_back_write_takes_its_answer_along(pool: postgres.Pool) -> None:
    store, produce = idempotency_postgres.PostgresAnswers(), Counted()
    with pytest.raises(ZeroDivisionError):
        async with postgres.transaction(pool) as connection:
            await store.answer_once(connection, KEY, produce)
            raise ZeroDivisionError
    async with postgres.transaction(pool) as connection:
        assert await store.answer_once(connection, KEY, produce) == b"answer 2"


async def test_outside_a_transaction_it_is_refused(pool: postgres.Pool) -> None:
    async with pool.connection() as connection:
        with pytest.raises(RuntimeError, match="inside the transaction"):
            await idempotency_postgres.PostgresAnswers().answer_once(connection, KEY, Counted())


async def test_pruning_drops_only_what_is_over(pool: postgres.Pool) -> None:
    store = idempotency_postgres.PostgresAnswers()
    async with postgres.transaction(pool) as connection:
        await store.answer_once(connection, KEY, Counted())
        await connection.execute(AGE)
        await store.answer_once(connection, replace(KEY, request_id="young"), Counted())
    assert await idempotency_postgres.prune(pool) == 1
    assert await idempotency_postgres.prune(pool) == 0
    assert await idempotency_postgres.prune(pool, kept=timedelta(0)) == 1
