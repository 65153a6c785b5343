"""Nothing that tests start outlives their run, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Started as a mesh is, without a tie to their parent; one is deaf, one is stopped.
TEST = """
import os, signal, subprocess, sys, time
from pathlib import Path

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"

def test_that_starts_processes(postgres_server, valkey_server):
    commands = [["/bin/sleep", "600"], ["/bin/sleep", "600"], [sys.executable, "-c", DEAF]]
    children = [subprocess.Popen(command, start_new_session=True) for command in commands]
    os.kill(children[0].pid, signal.SIGSTOP)
    postgres = Path(postgres_server.dsn.split("host=")[1].split()[0])
    folders = [postgres, Path(valkey_server[7:]).parent]
    told = "\\n".join(map(str, [os.getpid(), *folders]))
    Path("telling").write_text(told)
    Path("telling").rename("started")
    time.sleep(600)
"""


@dataclass(frozen=True)
class Run:
    """A run of pytest: its own process, the one that runs the test, what its stores lie in."""

    witness: str
    pid: int
    worker: int
    folders: tuple[Path, ...]

    def running(self) -> list[int]:
        """Its processes that are left."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if self.witness.encode() in environment.read_bytes():
                    found.append(int(environment.parent.name))
        return found

    async def until_nothing_is_left(self) -> None:
        while self.running() or any(folder.exists() for folder in self.folders):
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _run(folder: Path, *options: str) -> AsyncIterator[Run]:
    (folder / "test_started.py").write_text(TEST)
    witness = uuid.uuid4().hex
    words = ["-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    with (folder / "told").open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            *options,
            "test_started.py",
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "WITNESS": witness},
            stdout=told,
            stderr=told,
        )
    try:
        while not (started := folder / "started").exists():
            assert process.returncode is None, (folder / "told").read_text()
            await asyncio.sleep(0.05)
        worker, *folders = started.read_text().splitlines()
        yield Run(witness, process.pid, int(worker), tuple(map(Path, folders)))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("options", "ending"),
    [((), signal.SIGTERM), ((), signal.SIGKILL), (("-n", "1"), signal.SIGTERM)],
    ids=["alone by SIGTERM", "alone by SIGKILL", "with a worker by SIGTERM"],
)
async def test_a_killed_run_leaves_nothing_behind(
    tmp_path: Path, ending: signal.Signals, options: tuple[str, ...]
) -> None:
    async with _run(tmp_path, *options) as run:
        assert len(run.running()) > 6
        os.kill(run.pid, ending)
        await run.until_nothing_is_left()


async def test_a_killed_worker_leaves_nothing_behind(tmp_path: Path) -> None:
    async with _run(tmp_path, "-n", "1", "--max-worker-restart", "0") as run:
        assert run.worker != run.pid
        os.kill(run.worker, signal.SIGKILL)
        await run.until_nothing_is_left()
