"""Migrations run once, in order, whole, and by one process at a time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from meshkit.migrations import Migration, MigrationError, MigrationSource, migrate, provision

ONE = Migration("0001_one.sql", "CREATE TABLE one (id int);")
TWO = Migration("0002_two.sql", "CREATE TABLE two (id int); INSERT INTO two VALUES (1);")
BODY = Migration(
    "0003_body.sql",
    "CREATE FUNCTION answer() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 42; END; $$;",
)
INDEX = Migration(
    "0003_index.sql",
    "-- not transactional\n"
    "DROP INDEX CONCURRENTLY IF EXISTS two_id;\n"
    "CREATE INDEX CONCURRENTLY two_id ON two (id);\n",
)

SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def source(*migrations: Migration, name: str = "catalog") -> MigrationSource:
    return MigrationSource(name, migrations)


def rows(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def until_found(dsn: str, statement: str) -> None:
    while not rows(dsn, statement):
        await asyncio.sleep(0.02)


async def run(dsn: str, *sources: MigrationSource, timeout_s: float = 30.0) -> list[str]:
    return await migrate(dsn, schema="catalog", sources=sources, timeout_s=timeout_s)


async def test_what_is_missing_is_applied_once_and_in_order(database_dsn: str) -> None:
    assert await run(database_dsn, source(ONE)) == ["catalog/0001_one.sql"]
    assert await run(database_dsn, source(ONE, TWO)) == ["catalog/0002_two.sql"]
    assert await run(database_dsn, source(ONE, TWO)) == []
    assert rows(database_dsn, "SELECT id FROM catalog.two") == [(1,)]


async def test_sources_are_numbered_each_by_itself(database_dsn: str) -> None:
    other = source(Migration("0001_one.sql", "CREATE TABLE other (id int)"), name="meshkit.other")
    assert await run(database_dsn, source(ONE), other) == [
        "catalog/0001_one.sql",
        "meshkit.other/0001_one.sql",
    ]


async def test_schemas_of_one_database_are_apart(database_dsn: str) -> None:
    for schema in ("catalog", "playback"):
        assert await migrate(database_dsn, schema=schema, sources=[source(ONE)])
    assert rows(database_dsn, "SELECT 1 FROM catalog.one, playback.one") == []


async def test_a_failing_file_leaves_nothing_and_the_ones_before_stay(database_dsn: str) -> None:
    broken = Migration("0002_two.sql", "CREATE TABLE two (id int); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await run(database_dsn, source(ONE, broken))
    assert await run(database_dsn, source(ONE, TWO)) == ["catalog/0002_two.sql"]


async def test_an_edited_file_that_was_applied_is_refused(database_dsn: str) -> None:
    await run(database_dsn, source(ONE))
    edited = Migration(ONE.name, ONE.sql + " ")
    with pytest.raises(MigrationError, match=r"catalog/0001_one\.sql was edited"):
        await run(database_dsn, source(edited))


async def test_a_new_file_before_an_applied_one_is_refused(database_dsn: str) -> None:
    await run(database_dsn, source(TWO))
    with pytest.raises(MigrationError, match=r"0001_one\.sql comes before applied 0002_two\.sql"):
        await run(database_dsn, source(ONE, TWO))


async def test_older_code_starts_beside_a_newer_schema(database_dsn: str) -> None:
    await run(database_dsn, source(ONE, TWO))
    assert await run(database_dsn, source(ONE)) == []


async def test_bodies_with_semicolons_run_whole(database_dsn: str) -> None:
    await run(database_dsn, source(ONE, TWO, BODY))
    assert rows(database_dsn, "SELECT catalog.answer()") == [(42,)]


async def test_a_new_source_takes_its_baseline_in_place_of_its_steps(database_dsn: str) -> None:
    based = MigrationSource("queue", (ONE, TWO), baseline="CREATE TABLE whole (id int)")
    assert len(await run(database_dsn, based)) == 2
    assert rows(database_dsn, "SELECT to_regclass('catalog.one')::text") == [(None,)]
    grown = MigrationSource("queue", (ONE, TWO, BODY), baseline="SELECT 1 / 0")
    assert await run(database_dsn, grown) == ["queue/0003_body.sql"]


async def test_racing_processes_apply_a_concurrent_index_once(database_dsn: str) -> None:
    slow = Migration("0002_two.sql", TWO.sql + "SELECT pg_sleep(0.2);")
    runs = await asyncio.gather(*(run(database_dsn, source(ONE, slow, INDEX)) for _ in range(4)))
    assert sorted(map(len, runs)) == [0, 0, 0, 3]
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'catalog.two_id'::regclass"
    assert rows(database_dsn, valid) == [(True,)]


async def test_a_process_that_waits_too_long_says_so(database_dsn: str) -> None:
    slow = asyncio.create_task(run(database_dsn, source(Migration("0001_a", "SELECT pg_sleep(1)"))))
    await until_found(database_dsn, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(MigrationError, match="another process held"):
        await run(database_dsn, source(ONE), timeout_s=0.1)
    await slow


async def test_a_killed_process_leaves_no_lock_and_nothing_half_done(database_dsn: str) -> None:
    program = """
import asyncio, sys
from meshkit.migrations import Migration, MigrationSource, migrate
endless = Migration("0001_one.sql", "CREATE TABLE one (id int); SELECT pg_sleep(3600);")
sources = [MigrationSource("catalog", (endless,))]
asyncio.run(migrate(sys.argv[1], schema="catalog", sources=sources))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, database_dsn)
    await until_found(database_dsn, SLEEPING)
    process.kill()
    await process.wait()
    assert await run(database_dsn, source(ONE)) == ["catalog/0001_one.sql"]


async def test_a_role_owns_its_schema_and_sees_no_other(database_dsn: str) -> None:
    for service in ("catalog_test", "playback_test"):
        for _ in range(2):
            await provision(database_dsn, schema=service, role=service, password="secret'word")
    try:
        dsn = psycopg.conninfo.make_conninfo(database_dsn, user="catalog_test", password="x")
        assert await migrate(dsn, schema="catalog_test", sources=[source(ONE)])
        with pytest.raises(
            MigrationError, match="catalog_test may not change schema playback_test"
        ):
            await migrate(dsn, schema="playback_test", sources=[source(ONE)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await migrate(dsn, schema="new", sources=[source(ONE)])
        secret = "SELECT rolpassword FROM pg_authid WHERE rolname = 'catalog_test'"
        assert rows(database_dsn, secret)[0][0].startswith("SCRAM-SHA-256$")
    finally:
        rows(database_dsn, "DROP OWNED BY catalog_test, playback_test")
        rows(database_dsn, "DROP ROLE catalog_test, playback_test")


async def test_racing_processes_provision_once(database_dsn: str) -> None:
    try:
        await asyncio.gather(
            *(provision(database_dsn, schema="racing_test", role="racing_test") for _ in range(4))
        )
        assert rows(database_dsn, "SELECT 'racing_test'::regnamespace::text") == [("racing_test",)]
    finally:
        rows(database_dsn, "DROP OWNED BY racing_test")
        rows(database_dsn, "DROP ROLE racing_test")


async def test_a_folder_of_files_is_a_source(database_dsn: str, tmp_path: Path) -> None:
    for step in (TWO, ONE):
        (tmp_path / step.name).write_text(step.sql, encoding="utf-8")
    (tmp_path / "__init__.py").touch()
    assert MigrationSource.of_folder("catalog", tmp_path) == source(ONE, TWO)
    assert len(await run(database_dsn, MigrationSource.of_folder("catalog", tmp_path))) == 2
