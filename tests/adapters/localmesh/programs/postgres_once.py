"""Starts PostgreSQL in a folder as the current user, asks it something, stops it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psycopg

from localmesh.output import Output
from localmesh.postgres import EmbeddedPostgres
from localmesh.supervisor import Supervisor


async def main(folder: Path) -> None:
    postgres = EmbeddedPostgres(
        folder, folder / "cluster", "superuser-password", {"catalog": "word"}
    )
    supervisor = Supervisor(Output(folder, None, "console"))
    await supervisor.start((postgres.spec(),))
    try:
        with psycopg.connect(postgres.dsn("catalog")) as connection:
            row = connection.execute("SELECT current_user").fetchone()
    finally:
        await supervisor.stop()
    print(os.geteuid(), postgres.cluster.stat().st_uid, *(row or ()))


asyncio.run(main(Path(sys.argv[1])))
