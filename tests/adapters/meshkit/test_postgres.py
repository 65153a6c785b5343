"""Transactions are bounded, dead connections survived once, and drivers' words kept in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from meshkit import postgres
from meshkit.faults import Aborted, Unavailable

CUT_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    async with postgres.open_pool(database_dsn, schema="public", min_size=3) as pool:
        await pool.wait()
        async with pool.connection() as connection:
            await connection.execute("CREATE TABLE notes (id int PRIMARY KEY, words text)")
        yield pool


async def count(connection: postgres.Connection) -> int:
    row = await (await connection.execute("SELECT count(*) FROM notes")).fetchone()
    assert row is not None
    return int(row[0])


async def cut_all_connections(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(CUT_ALL)


async def test_a_transaction_commits_whole_or_not_at_all(pool: postgres.Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with postgres.transaction(pool) as connection:
            await connection.execute("INSERT INTO notes VALUES (1)")
            raise ZeroDivisionError
    assert await postgres.read(pool, count) == 0
    async with postgres.transaction(pool) as connection:
        await connection.execute("INSERT INTO notes VALUES (1)")
    assert await postgres.read(pool, count) == 1


async def test_reads_and_writes_survive_the_loss_of_every_pooled_connection(
    pool: postgres.Pool, database_dsn: str
) -> None:
    await cut_all_connections(database_dsn)
    assert await postgres.read(pool, count) == 0
    await cut_all_connections(database_dsn)
    async with postgres.transaction(pool) as connection:
        await connection.execute("INSERT INTO notes VALUES (1)")
    assert await postgres.read(pool, count) == 1


async def test_a_connection_cut_within_a_transaction_is_unavailable_and_not_tried_again(
    pool: postgres.Pool, database_dsn: str
) -> None:
    tries = 0
    with pytest.raises(Unavailable) as caught:
        async with postgres.transaction(pool) as connection:
            tries += 1
            await connection.execute("INSERT INTO notes VALUES (1)")
            await cut_all_connections(database_dsn)
            await connection.execute("INSERT INTO notes VALUES (2)")
    assert tries == 1
    assert caught.value.message == "The store cannot answer now."
    assert isinstance(caught.value.__cause__, psycopg.OperationalError)
    assert await postgres.read(pool, count) == 0


async def test_a_read_whose_connection_keeps_breaking_is_unavailable(pool: postgres.Pool) -> None:
    tries = 0

    async def suicide(connection: postgres.Connection) -> None:
        nonlocal tries
        tries += 1
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        await postgres.read(pool, suicide)
    assert tries == 2


async def test_a_server_that_is_away_is_unavailable_within_the_bound() -> None:
    nowhere = "host=/nonexistent dbname=none user=none"
    async with postgres.open_pool(nowhere, schema="public", acquire_timeout_s=0.1) as pool:
        with pytest.raises(Unavailable) as caught:
            await postgres.read(pool, count)
        assert caught.value.reason == "STORE_UNAVAILABLE"
        with pytest.raises(Unavailable):
            async with postgres.transaction(pool):
                pytest.fail("there is no connection")


async def test_an_exhausted_pool_is_unavailable(database_dsn: str) -> None:
    async with (
        postgres.open_pool(
            database_dsn, schema="public", max_size=1, acquire_timeout_s=0.1
        ) as pool,
        postgres.transaction(pool),
    ):
        with pytest.raises(Unavailable):
            await postgres.read(pool, count)


async def test_a_deadlock_is_a_lost_race(pool: postgres.Pool) -> None:
    async with postgres.transaction(pool) as connection:
        await connection.execute("INSERT INTO notes VALUES (1), (2)")
    met = asyncio.Barrier(2)

    async def update(first: int, second: int) -> None:
        async with postgres.transaction(pool) as connection:
            await connection.execute("UPDATE notes SET words = 'x' WHERE id = %s", [first])
            await met.wait()
            await connection.execute("UPDATE notes SET words = 'x' WHERE id = %s", [second])

    outcomes = await asyncio.gather(update(1, 2), update(2, 1), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Aborted]


async def test_a_serialization_failure_is_a_lost_race(pool: postgres.Pool) -> None:
    async with postgres.transaction(pool) as connection:
        await connection.execute("INSERT INTO notes VALUES (1, 'old')")
    with pytest.raises(Aborted):
        async with postgres.transaction(pool) as late:
            await late.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await late.execute("SELECT * FROM notes")
            async with postgres.transaction(pool) as early:
                await early.execute("UPDATE notes SET words = 'early'")
            await late.execute("UPDATE notes SET words = 'late'")


async def test_a_taken_key_is_left_to_the_adapter(pool: postgres.Pool) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with postgres.transaction(pool) as connection:
            await connection.execute("INSERT INTO notes VALUES (1), (1)")


@pytest.mark.parametrize(
    "statements",
    [
        ["SET statement_timeout = 20", "SELECT pg_sleep(60)"],
        ["SET TRANSACTION READ ONLY", "INSERT INTO notes VALUES (1)"],
    ],
)
async def test_what_takes_too_long_or_may_not_write_is_unavailable(
    pool: postgres.Pool, statements: list[str]
) -> None:
    with pytest.raises(Unavailable):
        async with postgres.transaction(pool) as connection:
            for statement in statements:
                await connection.execute(statement.encode())


async def test_a_transaction_of_many_short_statements_is_bounded_too(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "TRANSACTION_LIMIT_MS", 100)
    async with postgres.open_pool(database_dsn, schema="public") as pool:
        with pytest.raises(Unavailable):
            async with postgres.transaction(pool) as connection:
                for _ in range(100):
                    await connection.execute("SELECT pg_sleep(0.02)")


async def test_an_idle_transaction_is_ended_by_the_server(pool: postgres.Pool) -> None:
    with pytest.raises(Unavailable):
        async with postgres.transaction(pool) as connection:
            await connection.execute("SET idle_in_transaction_session_timeout = 20")
            await asyncio.sleep(0.2)
            await connection.execute("SELECT 1")


async def test_every_connection_is_bounded_and_in_its_schema(database_dsn: str) -> None:
    async with postgres.open_pool(
        database_dsn, schema="catalog", application_name="catalog"
    ) as pool:

        async def settings(connection: postgres.Connection) -> dict[str, str]:
            found = await connection.execute("SELECT name, setting FROM pg_settings")
            return dict(await found.fetchall())

        found = await postgres.read(pool, settings)
    for name in ("statement", "transaction", "idle_in_transaction_session"):
        assert found[f"{name}_timeout"] == str(postgres.TRANSACTION_LIMIT_MS)
    assert found["search_path"] == "catalog"
    assert found["application_name"] == "catalog"


async def test_a_cancelled_caller_stops_its_query(pool: postgres.Pool) -> None:
    async def sleep(connection: postgres.Connection) -> None:
        await connection.execute("SELECT pg_sleep(60), 'the sleeper'")

    async def sleepers(connection: postgres.Connection) -> int:
        found = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
            " AND query LIKE %s AND pid <> pg_backend_pid()",
            ["%the sleeper%"],
        )
        row = await found.fetchone()
        assert row is not None
        return int(row[0])

    reading = asyncio.create_task(postgres.read(pool, sleep))
    while await postgres.read(pool, sleepers) == 0:
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await postgres.read(pool, sleepers) == 0


LOSE_A_RACE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"
LOST_RACES = {"serialization failure": "40001", "deadlock": "40P01", "lock": "55P03"}


@pytest.mark.parametrize("state", LOST_RACES.values(), ids=LOST_RACES.keys())
async def test_a_read_that_lost_a_race_is_read_again_and_never_aborted(
    pool: postgres.Pool, state: str
) -> None:
    lost = 0

    async def once(connection: postgres.Connection) -> int:
        nonlocal lost
        if not lost:
            lost += 1
            await connection.execute(LOSE_A_RACE.format(state).encode())
        return await count(connection)

    async def always(connection: postgres.Connection) -> None:
        await connection.execute(LOSE_A_RACE.format(state).encode())

    assert await postgres.read(pool, once) == 0
    with pytest.raises(Unavailable):
        await postgres.read(pool, always)
    with pytest.raises(Aborted):
        async with postgres.transaction(pool) as connection:
            await always(connection)
