"""A mesh whose tracks were taken down one by one goes on when albums and artists can be, too."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from catalog_svc import schema as catalog
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.edits import PostgresEdits
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from meshkit.migrations import migrate
from meshkit.testing import stores
from tests.upgrades.stored import fill_as_then

COAST, TIDE = "01M8P9KDFXD2HFXEB4A9AGFKA8", "01M8P9KDFR0DBTDZMMVBKNJNQG"
HARBOUR_1, HARBOUR_2 = "01M8P9KDFR0DBTDZMMVBKNJNQA", "01M8P9KDFR0DBTDZMMVBKNJNQC"


async def test_a_hidden_track_of_then_is_one_that_was_taken_down_and_counts_no_more(
    database_dsn: str,
) -> None:
    sources = catalog.SCHEMA.sources
    before = [
        replace(one, migrations=tuple(each for each in one.migrations if each.name < "0010"))
        if one.name == "catalog_svc.migrations"
        else one
        for one in sources
    ]
    await fill_as_then(database_dsn, "catalog", sources)
    await migrate(database_dsn, schema="catalog", sources=before)
    with psycopg.connect(database_dsn) as connection:
        connection.execute("UPDATE catalog.tracks SET hidden = true WHERE id = %s", [HARBOUR_2])
    await migrate(database_dsn, schema="catalog", sources=sources)
    async with stores.open_pool(
        database_dsn, schema="catalog", application_name="upgrade", max_size=2
    ) as pool:
        reads, edits = PostgresCatalogue(pool, JobQueue()), PostgresEdits(pool)
        album, artist = await reads.album(COAST), await reads.artist(TIDE)
        assert album is not None
        assert artist is not None
        assert (album.track_count, album.total_duration_ms, artist.track_count) == (2, 64_000, 2)
        await edits.edit_album(COAST, AlbumEdit(hidden=True), None)
        assert await reads.track(HARBOUR_1) is None
        await edits.edit_album(COAST, AlbumEdit(hidden=False), None)
        assert await reads.track(HARBOUR_1) is not None
        assert await reads.track(HARBOUR_2) is None
        back = await edits.edit_track(HARBOUR_2, TrackEdit(hidden=False), None)
        renamed = await edits.edit_artist(TIDE, ArtistEdit(name="Ebb"), None)
    assert back is not None
    assert not back.hidden
    assert renamed is not None
    assert (renamed.name, renamed.track_count) == ("Ebb", 3)
