"""A service that counted its listings in a table of its own goes on from where it was."""

from __future__ import annotations

import psycopg
import pytest

from catalog_svc.schema import SCHEMA as CATALOG
from meshkit.schema import Schema
from playlist_svc.schema import SCHEMA as PLAYLIST
from tests.upgrades.stored import fill_as_then


@pytest.mark.parametrize(
    ("schema", "feed", "listed"),
    [
        (CATALOG, "playlist", "INSERT INTO catalog.listings VALUES ('playlist', 7)"),
        (PLAYLIST, "catalogue", "UPDATE playlist.track_listings SET number = 7"),
    ],
)
async def test_the_place_and_the_number_of_listings_stay(
    database_dsn: str, schema: Schema, feed: str, listed: str
) -> None:
    await fill_as_then(database_dsn, schema.name, schema.sources)
    query = f"FROM {schema.name}.feed_cursors WHERE name = '{feed}'"
    with psycopg.connect(database_dsn) as connection:
        if schema is CATALOG:
            connection.execute("DELETE FROM catalog.listings")
        connection.execute(listed.encode())
        before = connection.execute(f"SELECT token {query}".encode()).fetchone()
    await schema.migrate(database_dsn)
    with psycopg.connect(database_dsn) as connection:
        after = connection.execute(f"SELECT token, generation {query}".encode()).fetchone()
    assert before is not None
    assert after == (before[0], 7)
