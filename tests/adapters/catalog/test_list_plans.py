"""Pages of lists walk along an index: they neither sort nor read what they do not show."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from catalog_svc.adapters.postgres import rows
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.catalogue_lists import PostgresCatalogueLists
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.listings import (
    HIDDEN,
    AlbumQuery,
    AlbumSort,
    ArtistSort,
    TrackQuery,
    TrackSort,
    album_place,
    artist_place,
    track_place,
)
from meshkit import postgres

INVENTED = (
    """
    INSERT INTO artists (id, name, folded, created_at)
    SELECT 'a' || n, n, n, now() + n * interval '1 second' FROM generate_series(1, 500) n
    """,
    """
    INSERT INTO albums (id, artist_id, title, folded, year, created_at)
    SELECT 'b' || n, 'a' || n % 500 + 1, n, n, 1960 + n % 60, now() + n * interval '1 second'
    FROM generate_series(1, 1000) n
    """,
    """
    INSERT INTO tracks (id, title, folded, artist_id, album_id, duration_ms, year, source_id,
                        genres, state, hidden, taken_down, created_at)
    SELECT 't' || n, md5(n::text), md5(n::text), 'a' || n % 500 + 1, 'b' || n % 1000 + 1,
           n * 7919 % 600000, 1960 + n % 60, '', ARRAY['Genre ' || n % 5], 2, n % 5 = 0,
           n % 5 = 0, now() + n * interval '1 second'
    FROM generate_series(1, 5000) n
    """,
    "ANALYZE",
)

Asked = tuple[str, dict[str, Any]]


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The statements that are asked from now on."""
    statements: list[Asked] = []
    fetch = rows.fetch

    async def noted(pool: Any, query: str, arguments: dict[str, Any]) -> list[rows.Row]:
        statements.append((query, arguments))
        return await fetch(pool, query, arguments)

    monkeypatch.setattr(rows, "fetch", noted)
    return statements


Page = Callable[[Any], Awaitable[Any]]


def pages_of(pool: postgres.Pool) -> list[tuple[Page, Callable[[Any], Any]]]:
    """Each list, with what places something in it."""
    catalogue = PostgresCatalogue(pool, JobQueue())
    browsing = PostgresCatalogueLists(pool)
    tracks = [*map(TrackQuery, TrackSort), *(TrackQuery(s, genre="Genre 1") for s in TrackSort)]
    return [
        *(
            (
                lambda after, query=query: catalogue.tracks(query, after=after, limit=51),
                lambda track, sort=query.sort: track_place(sort, track),
            )
            for query in (*tracks, HIDDEN, TrackQuery(TrackSort.YEAR, year_from=1980))
        ),
        *(
            (
                lambda after, sort=sort: browsing.albums(AlbumQuery(sort), after=after, limit=51),
                lambda album, sort=sort: album_place(sort, album),
            )
            for sort in AlbumSort
        ),
        *(
            (
                lambda after, sort=sort: browsing.artists(sort, after=after, limit=51),
                lambda artist, sort=sort: artist_place(sort, artist),
            )
            for sort in ArtistSort
        ),
    ]


async def plan_of(pool: postgres.Pool, statement: Asked) -> str:
    query, arguments = statement
    async with pool.connection() as connection:
        cursor = await connection.execute(f"EXPLAIN (COSTS OFF) {query}".encode(), arguments)
        return "\n".join(row[0] for row in await cursor.fetchall())


async def test_the_pages_of_every_list_walk_along_an_index(
    pool: postgres.Pool, asked: list[Asked]
) -> None:
    async with pool.connection() as connection:
        for invented in INVENTED:
            await connection.execute(invented.encode())
    for page, place in pages_of(pool):
        first = await page(None)
        assert first
        assert await page(place(first[-1]))
    assert len(asked) == 2 * len(pages_of(pool))
    for statement in asked:
        plan = await plan_of(pool, statement)
        # What stands under one artist is sorted by itself.
        assert not re.search(r"(?<!Incremental )Sort$|Seq Scan on tracks", plan, re.MULTILINE), plan
