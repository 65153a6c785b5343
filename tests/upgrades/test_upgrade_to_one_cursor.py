"""A service that counted its listings in a table of its own goes on counting from there."""

from __future__ import annotations

import psycopg
import pytest

from catalog_svc.schema import SCHEMA as CATALOG
from meshkit.schema import Schema
from playlist_svc.schema import SCHEMA as PLAYLIST
from tests.upgrades.stored import fill_as_then


@pytest.mark.parametrize(
    ("schema", "feed", "listed", "goes_on"),
    [
        (CATALOG, "playlist", "INSERT INTO catalog.listings VALUES ('playlist', 7)", True),
        # It keeps albums and artists too since, and has all of them told.
        (PLAYLIST, "catalogue", "UPDATE playlist.track_listings SET number = 7", False),
    ],
)
async def test_the_number_of_listings_stays_and_the_place_where_nothing_else_is_kept(
    database_dsn: str, schema: Schema, feed: str, listed: str, goes_on: bool
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
    assert after == (before[0] if goes_on else "", 7)
