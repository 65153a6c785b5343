"""Consumers on PostgreSQL: the place is stored with the changes, and one of several works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from meshkit import leases_postgres, postgres, replicas_postgres
from meshkit.consuming import Consumer, Replica, Step
from meshkit.faults import Aborted
from meshkit.leases import Lease, Leases
from meshkit.leases_postgres import PostgresLeases
from meshkit.migrations import Migration, MigrationSource, migrate
from meshkit.replicas_postgres import PostgresCursor, PostgresReplica
from meshkit.testing import stores
from meshkit.testing.lease_suite import LeasesContract
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest

SCHEMA = "playlist"
TITLES = MigrationSource(
    "titles",
    (
        Migration(
            "0001_titles",
            "CREATE TABLE titles (id text PRIMARY KEY, generation bigint NOT NULL,"
            " version bigint NOT NULL, text text, told text[]);",
        ),
    ),
)


@dataclass(frozen=True)
class Title:
    """The title of a thing at a version; None where it is gone."""

    id: str
    version: int
    text: str | None = ""


# Every application of a version leaves its mark, so that doing it twice would show.
_STORE = """
INSERT INTO titles AS held (id, generation, version, text, told) VALUES (%s, %s, %s, %s, ARRAY[%s])
ON CONFLICT (id) DO UPDATE
    SET generation = excluded.generation, version = excluded.version, text = excluded.text,
        told = held.told || excluded.told
    WHERE (held.generation, held.version) < (excluded.generation, excluded.version)
"""
_DROP = """
DELETE FROM titles
WHERE id IN (SELECT id FROM titles WHERE generation < %s ORDER BY id LIMIT %s)
"""


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    sources = [replicas_postgres.TABLES.migrations, leases_postgres.TABLES.migrations, TITLES]
    await migrate(database_dsn, schema=SCHEMA, sources=sources)
    async with stores.open_pool(database_dsn, schema=SCHEMA, min_size=8) as pool:
        yield pool


class TestPostgresLeases(LeasesContract):
    @pytest.fixture
    def leases(self, pool: postgres.Pool) -> Leases:
        return PostgresLeases(pool)


class Source:
    """A feed whose tokens are numbers; watchers get what is appended."""

    def __init__(self) -> None:
        self.titles: list[Title] = []
        self.grown = asyncio.Condition()
        self.watching = 0

    async def append(self, *titles: Title) -> None:
        async with self.grown:
            self.titles.extend(titles)
            self.grown.notify_all()

    async def __call__(self, resume_token: str, /) -> AsyncIterator[Step[Title]]:
        place = int(resume_token or "0")
        self.watching += 1
        try:
            while True:
                async with self.grown:
                    while len(self.titles) <= place:
                        await self.grown.wait()
                for title in self.titles[place:]:
                    place += 1
                    yield Step(str(place), title)
        finally:
            self.watching -= 1


class Titles(PostgresReplica[Title]):
    """Titles in PostgreSQL; ``fail`` breaks a transaction after its writes."""

    def __init__(self, pool: postgres.Pool, name: str = "only") -> None:
        super().__init__(pool, "titles")
        self._name = name
        self.applied = asyncio.Event()
        self.fail = False

    async def apply(self, changes: Sequence[Title], resume_token: str) -> None:
        await super().apply(changes, resume_token)
        self.applied.set()

    async def held(self) -> Mapping[str, str]:
        async with self._pool.connection() as connection:
            found = "SELECT id, text FROM titles WHERE text IS NOT NULL"
            return {row[0]: row[1] for row in await (await connection.execute(found)).fetchall()}

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[Title], generation: int
    ) -> None:
        for one in changes:
            mark = f"{one.version} by {self._name}"
            row = [one.id, generation, one.version, one.text, mark]
            await connection.execute(_STORE, row)
        if self.fail:
            raise RuntimeError("the process breaks before the commit")

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        return (await connection.execute(_DROP, [generation, limit])).rowcount


class TestPostgresReplica(ReplicaContract):
    @pytest.fixture
    def replica(self, pool: postgres.Pool) -> ReplicaUnderTest:
        titles = Titles(pool)
        return ReplicaUnderTest(
            titles, Title, lambda id_, version: Title(id_, version, None), titles.held
        )

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[Title]:
        return replica.replica


class TestPostgresReplicaOfNothing(PlaceContract):
    @pytest.fixture
    def place(self, pool: postgres.Pool) -> Replica[Title]:
        return PostgresReplica(pool, "nothing")


class Deaf(PostgresLeases):
    """The leases of a process that is killed: it cannot release them."""

    async def release(self, name: str, holder: str) -> None:
        pass


async def stored(pool: postgres.Pool) -> list[tuple[str, int, list[str]]]:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT id, version, told FROM titles ORDER BY id")
        return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


def begin(
    source: Source, replica: Titles, leases: Leases, *, ttl_s: float = 3600.0
) -> asyncio.Task[None]:
    lease = Lease(leases, "titles", ttl_s=ttl_s)
    consumed = Consumer(
        "titles", source, replica, lease=lease, gather_s=0.001, pause_s=lambda _: 0.0
    )
    return asyncio.create_task(consumed.run())


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_of_two_consumers_one_works(pool: postgres.Pool) -> None:
    source, leases = Source(), PostgresLeases(pool)
    replicas = [Titles(pool, "first"), Titles(pool, "second")]
    tasks = [begin(source, replica, leases, ttl_s=3.0) for replica in replicas]
    await source.append(Title("a", 1))
    await asyncio.wait(
        [asyncio.ensure_future(replica.applied.wait()) for replica in replicas],
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert source.watching == 1
    assert [replica.applied.is_set() for replica in replicas].count(True) == 1
    await end(*tasks)


async def test_another_goes_on_at_the_place_of_one_that_was_killed(pool: postgres.Pool) -> None:
    source, first, second = Source(), Titles(pool, "first"), Titles(pool, "second")
    killed = begin(source, first, Deaf(pool), ttl_s=0.3)
    await source.append(Title("a", 1), Title("b", 1))
    await first.applied.wait()
    waiting = begin(source, second, PostgresLeases(pool), ttl_s=0.3)
    await end(killed)
    await source.append(Title("a", 2))
    await second.applied.wait()
    await end(waiting)
    assert await stored(pool) == [
        ("a", 2, ["1 by first", "2 by second"]),
        ("b", 1, ["1 by first"]),
    ]


async def test_a_lease_is_released_by_one_that_is_stopped(pool: postgres.Pool) -> None:
    source, first, second = Source(), Titles(pool, "first"), Titles(pool, "second")
    stopped = begin(source, first, PostgresLeases(pool))
    await source.append(Title("a", 1))
    await first.applied.wait()
    await end(stopped)
    following = begin(source, second, PostgresLeases(pool))
    await source.append(Title("a", 2))
    await second.applied.wait()
    await end(following)
    assert await stored(pool) == [("a", 2, ["1 by first", "2 by second"])]


async def test_two_that_both_work_apply_no_version_twice_and_none_over_a_newer(
    pool: postgres.Pool,
) -> None:
    source, replicas = Source(), [Titles(pool, "first"), Titles(pool, "second")]
    tasks = [
        asyncio.create_task(
            Consumer("titles", source, replica, gather_s=0.001, pause_s=lambda _: 0.0).run()
        )
        for replica in replicas
    ]
    for version in range(1, 40):
        await source.append(Title("a", version))
        await asyncio.sleep(0)
    while (await stored(pool) or [("", 0, [])])[0][1] < 39:
        await asyncio.sleep(0.01)
    await end(*tasks)
    [(_, version, told)] = await stored(pool)
    versions = [int(mark.split()[0]) for mark in told]
    assert version == 39
    assert versions == sorted(set(versions))


async def test_the_place_is_stored_with_the_changes_or_not_at_all(pool: postgres.Pool) -> None:
    replica = Titles(pool, "first")
    replica.fail = True
    with pytest.raises(RuntimeError):
        await replica.apply([Title("a", 1)], "1")
    assert await stored(pool) == []
    assert await replica.resume_token() == ""
    replica.fail = False
    await replica.apply([Title("a", 1)], "1")
    assert await replica.resume_token() == "1"


async def test_who_began_before_another_listed_is_refused_and_drops_nothing(
    pool: postgres.Pool,
) -> None:
    slow, fast = Titles(pool, "slow"), Titles(pool, "fast")
    await slow.begin_listing()
    await slow.apply([Title("a", 9, "Before the restore")], "")
    await fast.begin_listing()
    await fast.apply([Title("a", 1, "After it")], "")
    with pytest.raises(Aborted):
        await slow.apply([Title("a", 9, "Before the restore")], "")
    with pytest.raises(Aborted):
        await slow.end_listing()
    await fast.end_listing()
    await fast.apply([], "t1")
    assert await fast.held() == {"a": "After it"}
    assert await slow.resume_token() == "t1"
    await slow.apply([Title("a", 2, "Newer")], "t2")
    assert await fast.held() == {"a": "Newer"}


async def test_a_cursor_is_not_held_outside_a_transaction(pool: postgres.Pool) -> None:
    async with pool.connection() as connection:
        with pytest.raises(RuntimeError, match="inside the transaction"):
            await PostgresCursor(pool, "titles").hold(connection)
