"""SQL migrations: ordered files, one schema and one role a service, safe for racing processes.

A source is a named sequence of migrations. A service brings its own folder of
``NNNN_name.sql`` files; what meshkit stores beside it (change feeds, answers, jobs) comes as
sources of its own, each numbered by itself::

    SCHEMA = Schema("catalog", (
        Tables.of_package("catalog_svc.migrations"), feeds_postgres.TABLES, jobs.tables(),
    ))
    await SCHEMA.migrate(dsn)

A file runs in one transaction unless its first line is ``-- not transactional``; then its
statements, each ended by a semicolon at a line's end, run one by one and must be repeatable.
The sha256 of what was applied is kept, so that an edited file fails instead of being ignored.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import cast

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from meshkit.postgres import Connection, conninfo

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_NOT_TRANSACTIONAL = "-- not transactional"
_POLL_S = 0.05
_STORE_RETRY_S = 0.25

_log = structlog.get_logger("migrations")


class MigrationError(Exception):
    """The schema cannot be brought up to date; the words are for whoever starts the process."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its name, unique and ordered within a source, and its SQL."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Hex digest of the SQL, as kept in the ledger."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """The whole file, or single statements where it is not transactional."""
        if self.transactional:
            return (self.sql,)
        return tuple(
            part for part in re.split(r";\s*$", self.sql, flags=re.MULTILINE) if part.strip()
        )

    @property
    def transactional(self) -> bool:
        """Whether the file runs in one transaction."""
        return not self.sql.startswith(_NOT_TRANSACTIONAL)


@dataclass(frozen=True, slots=True)
class MigrationSource:
    """An ordered sequence of migrations with a name of its own in the ledger.

    ``baseline`` is SQL equal to all of ``migrations`` together, run instead of them where the
    source is new.
    """

    name: str
    migrations: tuple[Migration, ...]
    baseline: str | None = None

    @classmethod
    def of_folder(cls, name: str, folder: Traversable) -> MigrationSource:
        """The ``NNNN_name.sql`` files of ``folder``, in order.

        Raises ``MigrationError`` for another ``.sql`` name or a number used twice.
        """
        files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=_name_of)
        numbers: dict[str, str] = {}
        for file in files:
            match = _FILE_NAME.fullmatch(file.name)
            if match is None:
                raise MigrationError(f"{name}: {file.name} is not named NNNN_name.sql")
            if match[1] in numbers:
                raise MigrationError(f"{name}: {numbers[match[1]]} and {file.name} share a number")
            numbers[match[1]] = file.name
        return cls(name, tuple(Migration(f.name, f.read_text(encoding="utf-8")) for f in files))

    @classmethod
    def of_package(cls, package: str) -> MigrationSource:
        """The migrations inside an importable package, named after it."""
        return cls.of_folder(package, resources.files(package))


def _name_of(file: Traversable) -> str:
    return file.name


async def provision(admin_dsn: str, *, schema: str, role: str, password: str | None = None) -> None:
    """Make sure that ``role`` can sign in and owns ``schema``; repeatable, safe when raced.

    ``admin_dsn`` must be allowed to create roles and schemas. ``password`` leaves this process
    only as a SCRAM verifier; without one the server's own rules decide who signs in.
    """
    async with (
        await AsyncConnection.connect(admin_dsn, autocommit=True) as connection,
        _locked(connection, "segue.provision", timeout_s=60),
        connection.transaction(),
    ):
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if await found.fetchone() else "CREATE"
        secret: sql.Composable = sql.SQL("")
        if password is not None:
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            )
            secret = sql.SQL(" PASSWORD {}").format(verifier.decode())
        await connection.execute(
            sql.SQL("{} ROLE {} LOGIN{}").format(sql.SQL(verb), sql.Identifier(role), secret)
        )
        await connection.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(
                sql.Identifier(schema), sql.Identifier(role)
            )
        )


async def migrate(
    dsn: str, *, schema: str, sources: Sequence[MigrationSource], timeout_s: float = 60.0
) -> list[str]:
    """Apply what is missing of every source to ``schema``; returns "source/name" of each.

    Racing processes wait for one another, at most ``timeout_s`` seconds; a killed one leaves no
    lock. What the ledger knows and a source lacks is left alone: an older version of the code
    may start beside a newer one. Raises ``MigrationError`` for an edited file, for one that
    comes before an applied one, for a schema of another role, and when waiting took too long.
    """
    target = conninfo(dsn, schema=schema, application_name="migrate")
    async with (
        await AsyncConnection.connect(target, autocommit=True) as connection,
        _locked(connection, f"segue.migrate.{schema}", timeout_s=timeout_s),
    ):
        # Otherwise a killed process would keep the lock until its statement has ended.
        await connection.execute("SET client_connection_check_interval = '1s'")
        await _claim(connection, schema)
        await connection.execute(_LEDGER)
        applied: list[str] = []
        for source in sources:
            applied += [f"{source.name}/{name}" for name in await _apply(connection, source)]
        return applied


async def migrated(dsn: str, *, schema: str, sources: Sequence[MigrationSource]) -> None:
    """Like ``migrate``, as soon as the store answers: a service does not wait for one to start."""
    while True:
        try:
            await migrate(dsn, schema=schema, sources=sources)
        except psycopg.OperationalError as error:
            _log.warning("waiting for the store", schema=schema, error=type(error).__name__)
            await asyncio.sleep(_STORE_RETRY_S)
        else:
            return


_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    source text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, name)
)
"""


async def _claim(connection: Connection, schema: str) -> None:
    """Make sure that the schema is there and may be changed."""
    # Asked first because CREATE SCHEMA IF NOT EXISTS wants a right that a service's role lacks.
    found = await connection.execute(
        "SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %s", [schema]
    )
    row = await found.fetchone()
    if row is None:
        create = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema))
        await connection.execute(create)
    elif not row[0]:
        raise MigrationError(f"the role {connection.info.user} may not change schema {schema}")


@asynccontextmanager
async def _locked(connection: Connection, name: str, *, timeout_s: float) -> AsyncIterator[None]:
    """Hold the session's advisory lock ``name``; losing the connection frees it.

    The lock is polled, never waited for: a waiter's open transaction would deadlock with
    CREATE INDEX CONCURRENTLY in the holder.
    """
    attempt = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        row = await (await connection.execute(attempt, [name])).fetchone()
        if row is not None and row[0]:
            break
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationError(f"another process held {name} for {timeout_s:g} s")
        await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


async def _apply(connection: Connection, source: MigrationSource) -> list[str]:
    rows = await connection.execute(
        "SELECT name, sha256 FROM schema_migrations WHERE source = %s", [source.name]
    )
    known = cast("dict[str, str]", dict(await rows.fetchall()))
    missing = _missing(source, known)
    if source.baseline is not None and not known:
        await _run(connection, source.name, [source.baseline], missing, transactional=True)
    else:
        for step in missing:
            await _run(
                connection, source.name, step.statements, [step], transactional=step.transactional
            )
    return [step.name for step in missing]


def _missing(source: MigrationSource, known: dict[str, str]) -> list[Migration]:
    """What is still to apply; refuses edited files and files behind an applied one."""
    missing: list[Migration] = []
    for step in source.migrations:
        if step.name not in known:
            missing.append(step)
        elif known[step.name] != step.sha256:
            raise MigrationError(f"{source.name}/{step.name} was edited after it was applied")
        elif missing:
            raise MigrationError(
                f"{source.name}/{missing[0].name} comes before applied {step.name}"
            )
    return missing


async def _run(
    connection: Connection,
    source: str,
    statements: Iterable[str],
    steps: Iterable[Migration],
    *,
    transactional: bool,
) -> None:
    async def run() -> None:
        for statement in statements:
            await connection.execute(statement.encode())
        for step in steps:
            await connection.execute(
                "INSERT INTO schema_migrations (source, name, sha256) VALUES (%s, %s, %s)",
                [source, step.name, step.sha256],
            )

    if transactional:
        async with connection.transaction():
            await run()
    else:
        await run()
