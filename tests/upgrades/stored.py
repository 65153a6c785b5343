"""What a mesh had stored before the contracts settled, and a database that holds it.

``before_first_release/`` has the rows of a small mesh of that time (three tracks, a playlist with
three versions, a device, one play, preferences), as PostgreSQL's COPY writes them, and a descriptor
of its object store. Their schema is what the migrations up to then make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from meshkit.migrations import MigrationSource, migrate

STORED = Path(__file__).parent / "before_first_release"
# The last migration of that time, by source; sources that are not named have changed nothing since.
LAST = {
    "catalog_svc.migrations": "0003_plays.sql",
    "edge.identity.migrations": "0001_users.sql",
    "playback_svc.migrations": "0008_begun.sql",
    "playlist_svc.migrations": "0002_tracks.sql",
    "meshkit.feeds": "0001_change_feed",
    "meshkit.idempotency": "0001_request_answers",
    "meshkit.following": "0001_feed_cursors",
}

# Sources that a schema has had only since.
ADDED = {
    ("playback", "meshkit.leases"),
    ("playback", "playback_svc.leases"),
    ("playback", "meshkit.following"),
    ("playback", "meshkit.erasure"),
    ("playback", "playback_svc.feed"),
    ("playlist", "meshkit.erasure"),
    ("catalog", "meshkit.erasure"),
    ("playlist", "playlist_svc.listings"),
    ("catalog", "catalog_svc.listings"),
}


def sources_of_then(sources: Sequence[MigrationSource]) -> list[MigrationSource]:
    """The sources without what came after."""
    return [
        replace(source, migrations=tuple(one for one in source.migrations if one.name <= last))
        if (last := LAST.get(source.name))
        else source
        for source in sources
    ]


async def fill_as_then(dsn: str, schema: str, sources: Sequence[MigrationSource]) -> None:
    """Makes the schema of that time in an empty database and puts its rows in."""
    known = [source for source in sources if (schema, source.name) not in ADDED]
    await migrate(dsn, schema=schema, sources=sources_of_then(known))
    copies = list(_copies((STORED / f"{schema}.sql").read_text(encoding="utf-8")))
    with psycopg.connect(dsn) as connection:
        # The rows stand by the names of their tables, not in the order that their keys need.
        connection.execute("SET session_replication_role = replica")
        for statement, rows in copies:
            connection.execute(f"DELETE FROM {statement.split()[1]}".encode())
            with connection.cursor().copy(statement.rstrip(";").encode()) as copy:
                copy.write(rows)


def _copies(text: str) -> Iterator[tuple[str, str]]:
    """Each COPY statement with its rows."""
    for part in text.split("\\.\n\n"):
        statement, _, rows = part.partition("\n")
        if statement:
            yield statement, rows
