"""A whole import without the mesh: a database, a folder of objects, and workers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr
from segue.catalog.v1 import asset_pb2

from catalog_svc import wiring
from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.work_folders import LockedWorkFolders
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.programs.audio import ProgramAudio
from catalog_svc.domain.catalogue import Playable, Track
from catalog_svc.domain.imports import Import, ImportFile
from catalog_svc.settings import WorkerSettings
from catalog_svc.usecases.imports import CreateImport, ReadImports
from meshkit import postgres
from meshkit.notices_postgres import PostgresNotices

_LIMIT_S = 90.0


class Importing:
    """Starts imports of ``music`` and looks at what becomes of them."""

    def __init__(self, dsn: str, folder: Path, pool: postgres.Pool) -> None:
        self.music = folder / "music"
        self.music.mkdir()
        self.objects = folder / "objects"
        self.pool = pool
        self.settings = WorkerSettings(
            database_dsn=SecretStr(dsn),
            objects_url=self.objects.as_uri(),
            work_dir=folder / "work",
            import_roots=(self.music,),
            encoders=2,
        )
        imports = PostgresImports(pool, JobQueue())
        self.catalogue = PostgresCatalogue(pool, JobQueue())
        self._start = CreateImport(imports, (self.music,))
        self.reads = ReadImports(imports, PostgresNotices(), poll_s=0.02)

    async def start(self) -> str:
        """The id of a new run over ``music``."""
        return (await self._start(str(self.music), None)).id

    async def finished(self, import_id: str) -> Import:
        """The run when it is over."""
        return await self.until(import_id, lambda run: run.finished)

    async def until(self, import_id: str, reached: Callable[[Import], bool]) -> Import:
        """The first state of the run for which ``reached`` holds."""
        async with asyncio.timeout(_LIMIT_S):
            async for run in self.reads.watch_import(import_id, stop=asyncio.Event()):
                if reached(run):
                    return run
        raise AssertionError("the run ended before")

    async def import_music(self) -> Import:
        """A run over ``music`` by a worker in this process, from its start to its end."""
        async with self.working():
            return await self.finished(await self.start())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker in this process."""
        stop = asyncio.Event()
        worker = asyncio.create_task(wiring.run_jobs(self.settings, self.pool, stop))
        try:
            yield
        finally:
            stop.set()
            await worker

    @asynccontextmanager
    async def worker_process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker of its own, by the command that the mesh starts; ended when that failed."""
        prefix = "SEGUE_CATALOG_"
        settings = {
            "DATABASE_DSN": self.settings.database_dsn.get_secret_value(),
            "OBJECTS_URL": self.settings.objects_url,
            "WORK_DIR": str(self.settings.work_dir),
            "IMPORT_ROOTS": os.pathsep.join(map(str, self.settings.import_roots)),
            "ENCODERS": "2",
            "WORKER_DEAD_AFTER_S": "2",
        }
        environment = {name: value for name, value in os.environ.items() if prefix not in name}
        environment |= {prefix + name: value for name, value in settings.items()}
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "catalog_svc", "work", env=environment
        )
        try:
            yield worker
            await worker.wait()
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()

    def audio(self) -> ProgramAudio:
        """The programs of a worker of ours."""
        self.settings.work_dir.mkdir()
        allowed = AllowedFolders(self.settings.import_roots)
        return ProgramAudio(allowed, LockedWorkFolders(self.settings.work_dir))

    async def files(self, import_id: str) -> dict[str, ImportFile]:
        """The files of a run by name."""
        found = await self.reads.list_import_files(import_id, states=[], after=None, limit=100)
        return {os.fsdecode(file.path): file for file in found}

    async def tracks(self) -> list[Track]:
        """All tracks."""
        return await self.catalogue.tracks(after=None, limit=100)

    async def playable(self, track_id: str) -> Playable:
        """What playback would get."""
        found = await self.catalogue.playable(track_id)
        assert found is not None
        return found

    async def descriptor(self, track_id: str) -> asset_pb2.AssetDescriptor:
        """The stored descriptor of a track."""
        name = (await self.playable(track_id)).descriptor
        content = self.objects / "descriptors" / name
        return asset_pb2.AssetDescriptor.FromString(content.read_bytes())

    def stream(self, rung: asset_pb2.Rung) -> bytes:
        """A rung as one file: its initialisation segment and all media segments."""
        objects = [rung.init, *(segment.object for segment in rung.segments)]
        return b"".join((self.objects / "media" / one.sha256.hex()).read_bytes() for one in objects)
