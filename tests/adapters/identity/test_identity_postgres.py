"""Identity's stores in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from edge.identity.adapters.postgres.accounts import PostgresAccounts
from edge.identity.adapters.postgres.erasures import PostgresErasures
from edge.identity.adapters.postgres.revocations import PostgresRevocations, prune_revoked
from edge.identity.adapters.postgres.user_feed import PostgresUserFeed
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Erasure, Revocation
from edge.identity.domain.users import PlanPeriod
from edge.identity.schema import SCHEMA
from meshkit import feeds_postgres, postgres
from meshkit.faults import Unavailable
from meshkit.feeds import Change
from meshkit.testing.stores import PostgresServer, open_pool
from tests.contracts.identity.accounts_suite import AccountsContract
from tests.contracts.identity.erasures_suite import ErasuresContract
from tests.contracts.identity.revocations_suite import RevocationsContract
from tests.contracts.identity.stores import StoresUnderTest, account, key
from tests.contracts.identity.user_feed_suite import UserFeedContract


@pytest.fixture
async def dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    template = await postgres_server.template("identity", SCHEMA.migrate)
    with postgres_server.database(template) as fresh:
        yield fresh


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[postgres.Pool]:
    async with open_pool(dsn, schema=SCHEMA.name) as opened:
        yield opened


@pytest.fixture
async def stores(dsn: str, pool: postgres.Pool) -> AsyncIterator[StoresUnderTest]:
    async def append(change: Change) -> None:
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.append(connection, change)

    async def start_epoch() -> None:
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.start_epoch(connection)

    async with feeds_postgres.open_feed(dsn, schema=SCHEMA.name, pool=pool) as feed:
        yield StoresUnderTest(
            PostgresAccounts(pool),
            PostgresRevocations(pool),
            PostgresErasures(pool),
            PostgresUserFeed(feed, pool),
            append,
            start_epoch,
        )


class TestPostgresAccounts(AccountsContract):
    """``PostgresAccounts`` under the contract."""


class TestPostgresRevocations(RevocationsContract):
    """``PostgresRevocations`` under the contract."""


class TestPostgresErasures(ErasuresContract):
    """``PostgresErasures`` under the contract."""


class TestPostgresUserFeed(UserFeedContract):
    """``PostgresUserFeed`` under the contract."""


async def test_the_feed_and_the_answers_hold_no_secret(
    stores: StoresUnderTest, pool: postgres.Pool
) -> None:
    made = account("ada", "ada@example.org")
    await stores.accounts.create(made, key("r1"))
    async with pool.connection() as connection:
        answers = await (await connection.execute("SELECT answer FROM request_answers")).fetchall()
        changes = await (await connection.execute("SELECT payload FROM change_feed")).fetchall()
    assert b"argon2" not in b"".join(row[0] for row in answers)
    assert changes == [(b"",)]


_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'identity' AND data_type IN ('text', 'bytea') ORDER BY 1, 2
"""


async def places_of(pool: postgres.Pool, *words: str) -> set[str]:
    """The columns that hold one of the words anywhere."""
    found = set()
    async with pool.connection() as connection:
        for table, column in await (await connection.execute(_COLUMNS)).fetchall():
            for word in words:
                rows = f"SELECT count(*) FROM {table} WHERE strpos({column}::text, %s) > 0"
                row = await (await connection.execute(rows.encode(), [word])).fetchone()
                hexed = await (
                    await connection.execute(rows.encode(), [word.encode().hex()])
                ).fetchone()
                if (row and row[0]) or (hexed and hexed[0]):
                    found.add(f"{table}.{column}")
    return found


async def test_of_an_erased_user_the_id_alone_stays(
    stores: StoresUnderTest, pool: postgres.Pool
) -> None:
    made = await stores.accounts.create(account("ada-l", "ada@example.org"), key("r1"))
    now = datetime.now(UTC)
    await stores.revocations.revoke(Revocation.of("s1", made.user_id, now), key("r2"))
    await stores.accounts.set_plan(made.user_id, PlanPeriod(Tier.PREMIUM), now, key("r3"))
    before = await places_of(pool, "ada-l", "ada@example.org")
    assert before >= {"users.username", "users.email", "request_answers.answer"}
    await stores.erasures.erase(Erasure.of(made.user_id, now), key("r4"))
    assert await places_of(pool, "ada-l", "ada@example.org") == set()
    assert await places_of(pool, made.user_id) == {"erased_users.user_id", "change_feed.id"}


async def test_pruning_drops_only_revocations_that_may_be_forgotten(
    stores: StoresUnderTest, pool: postgres.Pool
) -> None:
    now = datetime.now(UTC)
    old = Revocation.of("old", "u", now - timedelta(hours=1))
    new = Revocation.of("new", "u", now)
    await stores.revocations.revoke(old)
    await stores.revocations.revoke(new)
    await prune_revoked(pool, lambda: now)
    assert await stores.revocations.in_force(old.revoked_at) == [new]


async def test_a_store_that_is_away_is_unavailable() -> None:
    async with postgres.open_pool(
        "host=/nonexistent dbname=none", schema=SCHEMA.name, acquire_timeout_s=0.1
    ) as pool:
        with pytest.raises(Unavailable):
            await PostgresAccounts(pool).create(account("ada"))
        with pytest.raises(Unavailable):
            await PostgresAccounts(pool).find_named("ada")


async def test_a_broken_constraint_quotes_no_row(stores: StoresUnderTest) -> None:
    made = account("ada", "ada@example.org")
    with pytest.raises(RuntimeError) as refused:
        await stores.accounts.create(account("Not A Name"))
    assert "argon2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert await stores.accounts.create(made) == made.user


async def test_migrations_run_twice_change_nothing(dsn: str) -> None:
    await SCHEMA.migrate(dsn)
