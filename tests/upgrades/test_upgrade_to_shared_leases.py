"""An instance that led before the leases of playback were those of meshkit leads on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg

from meshkit.leases_postgres import PostgresLeases
from meshkit.migrations import migrate
from meshkit.testing import stores
from playback_svc.schema import SCHEMA
from tests.upgrades.stored import fill_as_then

LED = """
INSERT INTO playback.leases (name, holder, until) VALUES
    ('sweep', 'leader', now() + interval '1 hour'), ('forget', 'gone', now() - interval '1 second')
"""


async def test_what_is_led_stays_led_and_what_ran_out_is_free(database_dsn: str) -> None:
    (own, *_) = SCHEMA.sources
    then = replace(own, migrations=tuple(one for one in own.migrations if one.name < "0017"))
    await fill_as_then(database_dsn, "playback", SCHEMA.sources)
    await migrate(database_dsn, schema="playback", sources=[then])
    with psycopg.connect(database_dsn) as connection:
        connection.execute("DELETE FROM playback.leases")
        connection.execute(LED)
    # Two instances of the new version come up at once.
    await asyncio.gather(SCHEMA.migrate(database_dsn), SCHEMA.migrate(database_dsn))
    async with stores.open_pool(
        database_dsn, schema="playback", application_name="upgrade", max_size=2
    ) as pool:
        leases = PostgresLeases(pool)
        assert not await leases.claim("sweep", "another", 30.0)
        assert await leases.claim("sweep", "leader", 30.0)
        assert await leases.claim("forget", "another", 30.0)
    with psycopg.connect(database_dsn) as connection:
        held = connection.execute("SELECT to_regclass('playback.leases_before')").fetchone()
    assert held == (None,)
