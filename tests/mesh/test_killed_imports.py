"""An import goes on to its end, whatever is killed in the middle of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from segue.catalog.v1 import catalog_pb2

from player.commands.importing import start_import, watch_import
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import Song, assert_whole, make_songs
from tests.mesh.mesh_processes import (
    PATIENCE_S,
    kill,
    processes,
    until_ready,
)
from tests.running_mesh import running_mesh

pytestmark = pytest.mark.timeout(300)

DONE = catalog_pb2.Import.State.DONE
TITLES = ("Amber", "Basalt", "Cobalt", "Dusk", "Ember", "Fjord", "Granite", "Harbour")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with running_mesh(tmp_path / "mesh") as mesh:
        yield mesh.folder


@pytest.fixture
def songs(tmp_path: Path) -> list[Song]:
    return make_songs(tmp_path / "music", {title: random.uniform(6, 10) for title in TITLES})


async def watched(client: MeshClient, import_id: str) -> list[Any]:
    """What somebody sees who watches the import to its end."""
    return [step async for step in watch_import(client, import_id)]


async def test_an_import_survives_the_death_of_any_process_at_any_moment(
    folder: Path, songs: list[Song]
) -> None:
    victims = ["catalog-worker-1", "catalog-worker-1", "postgres", "catalog-1", "catalog-worker-1"]
    random.shuffle(victims)
    async with MeshClient(folder, LocalUser("operator", admin=True)) as client:
        await client.token()
        started = await start_import(client, str(songs[0].path.parent))
        watching = asyncio.create_task(watched(client, started.id))
        for victim in victims:
            wait_s = random.uniform(0.1, 1.5)
            print(f"{victim} dies after {wait_s:.2f} s")
            await asyncio.sleep(wait_s)
            await kill(folder, victim)
        async with asyncio.timeout(PATIENCE_S):
            steps = await watching
        assert steps[-1].state == DONE
        await until_ready(folder)
        await assert_whole(client, folder, started.id, songs)
    seen = await processes(folder)
    assert seen["catalog-worker-1"].restarts >= 3
    assert seen["postgres"].restarts == 1
    assert seen["catalog-1"].restarts >= 1
