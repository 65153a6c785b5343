"""Copies of what meshes of earlier versions had stored, and meshes that go on with one.

``kept/NAME/`` is a copy that ``python -m tests.upgrades.keep NAME`` made: of each schema the rows
of all tables as PostgreSQL's COPY writes them, in ``versions.json`` which migrations it had and
where its sequences stood, and the objects but for media. The schema itself is what those
migrations make. Feeds are left out: as after a restore, each begins anew.

``first`` is of a time without recommendations: their service begins with nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from catalog_svc import schema as catalog
from edge.identity import schema as identity
from localmesh.free_ports import PortAllocator
from localmesh.layout import Layout
from localmesh.output import Output
from localmesh.postgres import SUPERUSER, dsn_of
from localmesh.processes import SEGUE, ProcessTable
from localmesh.services import replica_counts
from localmesh.supervisor import Supervisor
from meshkit.migrations import MigrationSource, migrate
from playback_svc import schema as playback
from playlist_svc import schema as playlist
from rec_svc import schema as rec

KEPT = Path(__file__).parent / "kept"
SCHEMAS = {one.SCHEMA.name: one.SCHEMA for one in (catalog, identity, playback, playlist, rec)}

VERSIONS = "versions.json"
OBJECTS = "objects"
_NOT_KEPT = ("change_feed", "change_feed_state", "schema_migrations")
_COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname <> ALL (%s)
GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES = """
SELECT sequencename::text, last_value FROM pg_sequences
WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY sequencename
"""
_MIGRATIONS = "SELECT source, name FROM schema_migrations ORDER BY source, name"


def keep(dsn: str, schema: str, folder: Path) -> dict[str, Any]:
    """Writes the rows of a schema to ``folder``; what ``versions.json`` is to say of it."""
    with psycopg.connect(dsn) as connection, (folder / f"{schema}.sql").open("wb") as file:
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        for table, columns in connection.execute(_COLUMNS, [list(_NOT_KEPT)]).fetchall():
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            name = sql.Identifier(schema, table)
            rows = sql.SQL("COPY (SELECT {} FROM {} ORDER BY 1) TO STDOUT").format(listed, name)
            file.write(f"COPY {schema}.{table} ({', '.join(columns)}) FROM stdin;\n".encode())
            with connection.cursor().copy(rows) as copy:
                file.writelines(bytes(part) for part in copy)
            file.write(b"\\.\n\n")
        applied: dict[str, list[str]] = {}
        for source, name in connection.execute(_MIGRATIONS).fetchall():
            applied.setdefault(source, []).append(name)
        sequences = dict(connection.execute(_SEQUENCES).fetchall())
    return {"migrations": applied, "sequences": sequences}


async def go_on_with(kept: Path, folder: Path) -> None:
    """Makes the mesh of a copy in a new folder, in which it is yet to be started."""
    layout = Layout.at(folder)
    layout.create()
    versions = json.loads((kept / VERSIONS).read_text(encoding="utf-8"))
    table = ProcessTable(layout, SEGUE, PortAllocator(), 0, replica_counts([]), "json")
    server = table.postgres
    output = Output(layout.logs, None, "json")
    supervisor = Supervisor(output)
    await supervisor.start([server.spec()])
    try:
        for schema, said in versions.items():
            await _migrate_to(server.dsn(schema), schema, said["migrations"])
            dsn = dsn_of(SUPERUSER, server.superuser_password, server.sockets)
            _fill(dsn, schema, (kept / f"{schema}.sql").read_text("utf-8"), said["sequences"])
    finally:
        await supervisor.stop()
        output.close()
    if (kept / OBJECTS).exists():
        shutil.copytree(kept / OBJECTS, layout.objects, dirs_exist_ok=True)


async def _migrate_to(dsn: str, schema: str, applied: dict[str, list[str]]) -> None:
    """The schema as the migrations of then make it."""
    sources = SCHEMAS[schema].sources
    assert applied.keys() <= {source.name for source in sources}, f"{schema} lost migrations"
    then = [_of_then(one, applied[one.name]) for one in sources if one.name in applied]
    await migrate(dsn, schema=schema, sources=then)


def _of_then(source: MigrationSource, names: Sequence[str]) -> MigrationSource:
    """A source with the migrations that a copy has, each of which must still be there."""
    found = tuple(one for one in source.migrations if one.name in names)
    assert [one.name for one in found] == sorted(names), f"{source.name} lost migrations"
    whole = len(found) == len(source.migrations)
    return replace(source, migrations=found, baseline=source.baseline if whole else None)


def _fill(dsn: str, schema: str, text: str, sequences: dict[str, int]) -> None:
    """Puts rows in the place of what the migrations have put there."""
    with psycopg.connect(dsn) as connection:
        # The rows stand by the names of their tables, not in the order that their keys need.
        connection.execute("SET session_replication_role = replica")
        for statement, rows in _copies(text):
            connection.execute(f"DELETE FROM {statement.split()[1]}".encode())
            with connection.cursor().copy(statement.rstrip(";").encode()) as copy:
                copy.write(rows)
        for name, last in sequences.items():
            connection.execute("SELECT setval(%s::regclass, %s)", [f"{schema}.{name}", last])


def _copies(text: str) -> Iterator[tuple[str, str]]:
    """Each COPY statement with its rows."""
    for part in text.split("\\.\n\n"):
        statement, _, rows = part.partition("\n")
        if statement:
            yield statement, rows
