"""How fast a folder of tagged files can be searched, and how fast it is scanned again.

Through the mesh: from CreateImport until the run counts every file as searchable, and until the
edge's search finds the last of them, while encoders work beside. The rescan is the use case on a
real PostgreSQL, all of whose files an earlier run has settled; encoding so many would take hours,
so their rows are settled by hand.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.report import Figure
from bench.tiny_files import make_tiny_files
from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.tag_reader import FastTags
from catalog_svc.adapters.files.walker import FolderWalk
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from catalog_svc.domain.imports import SourceState
from catalog_svc.schema import SCHEMA
from catalog_svc.usecases.imports import CreateImport
from catalog_svc.usecases.scan_import import ScanImport
from meshkit import postgres
from meshkit.testing.stores import postgres_server
from player.commands.importing import start_import, watch_import
from player.mesh_client import LocalUser, MeshClient
from tests.running_mesh import RunningMesh, running_mesh

IN_THE_MESH = 2_000
RESCANNED = 20_000
RESCANS = 5
AIM_FILES_S = 1_000
AIM_RESCAN_S = 0.3


async def _searchable(mesh: RunningMesh, music: Path) -> float:
    """Seconds from CreateImport until every file is counted as searchable."""
    async with MeshClient(mesh.folder, LocalUser("operator", admin=True)) as client:
        await client.token()
        began = time.perf_counter()
        started = await start_import(client, str(music))
        async for state in watch_import(client, started.id):
            if state.files_searchable == IN_THE_MESH:
                return time.perf_counter() - began
    raise RuntimeError(f"the import ended early: {state}")


def _in_the_mesh() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, running_mesh(Path(name) / "mesh") as mesh:
        make_tiny_files(Path(name) / "music", IN_THE_MESH)
        token = mesh.token()
        began = time.perf_counter()
        counted_s = asyncio.run(_searchable(mesh, Path(name) / "music"))
        wanted = f"Track {IN_THE_MESH - 1:06}"
        path = f"/search?q={wanted.replace(' ', '+')}&type=track"
        while wanted not in mesh.call("GET", path, token=token).text:
            time.sleep(0.02)
        found_s = time.perf_counter() - began
    print(f"  counted after {counted_s:.2f} s, found after {found_s:.2f} s", file=sys.stderr)
    what = f"{IN_THE_MESH:,} tagged files, encoders beside"
    return [
        Figure(f"{what}: searchable", IN_THE_MESH / counted_s, "files/s", f"aim > {AIM_FILES_S:,}"),
        Figure(f"{what}: the last is found", IN_THE_MESH / found_s, "files/s", None),
    ]


async def _scan_s(pool: postgres.Pool, music: Path) -> float:
    start = CreateImport(PostgresImports(pool, JobQueue()), [music])
    started = await start(str(music), None)
    store = PostgresScanStore(pool, JobQueue())
    began = time.perf_counter()
    allowed = AllowedFolders([music])
    await ScanImport(store, FolderWalk(allowed), FastTags(allowed))(started.id)
    return time.perf_counter() - began


async def _alone(dsn: str, music: Path) -> list[Figure]:
    await SCHEMA.migrate(dsn)
    async with postgres.open_pool(dsn, schema=SCHEMA.name) as pool:
        first_s = await _scan_s(pool, music)
        async with postgres.transaction(pool) as connection:
            await connection.execute("UPDATE sources SET state = %s", [SourceState.COMPLETE])
        async with pool.connection() as connection:
            await connection.set_autocommit(True)
            await connection.execute("VACUUM ANALYZE")
            await connection.set_autocommit(False)
        rescans_s = [await _scan_s(pool, music) for _ in range(RESCANS)]
    shown = ", ".join(f"{one:.3f}" for one in rescans_s)
    print(f"  first scan {first_s:.2f} s, rescans {shown} s", file=sys.stderr)
    beside = f"aim < {AIM_RESCAN_S} s"
    return [
        Figure(f"{RESCANNED:,} tagged files, scan alone", RESCANNED / first_s, "files/s", None),
        Figure(f"rescan of {RESCANNED:,} unchanged", statistics.median(rescans_s), "s", beside),
    ]


def run() -> list[Figure]:
    """Measures; about a minute."""
    figures = _in_the_mesh()
    with (
        tempfile.TemporaryDirectory() as name,
        postgres_server() as server,
        server.database() as dsn,
    ):
        music = Path(os.path.realpath(name)) / "music"
        make_tiny_files(music, RESCANNED)
        return figures + uvloop.run(_alone(dsn, music))
