"""Starts PostgreSQL in a folder as the current user, asks it something, stops it.

    python postgres_once.py FOLDER PROGRAMS

PROGRAMS is where the current user reaches PostgreSQL's programs, as if they were installed there.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psycopg

import localmesh.postgres
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


localmesh.postgres.programs_for = lambda account: Path(sys.argv[2])
asyncio.run(main(Path(sys.argv[1])))
