"""A mesh that tests have started does not outlive their run."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.mesh.mesh_processes import tree, until_gone

PROGRAM = """
import sys
import time
from pathlib import Path

from meshkit.testing.reaper import Reaper
from tests.running_mesh import running_mesh

reaper = Reaper()
with running_mesh(Path(sys.argv[1])):
    print("runs", flush=True)
    time.sleep(600)
"""


async def test_the_mesh_of_a_killed_run_is_taken_down(tmp_path: Path) -> None:
    folder = tmp_path / "mesh"
    words = ["-c", PROGRAM, str(folder)]
    run = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    assert run.stdout is not None
    assert await run.stdout.readline() == b"runs\n"
    processes = tree(folder)
    assert len(processes) > 8
    run.kill()
    await run.communicate()
    await until_gone(processes)
    # It ended in order: its stores were stopped, not killed.
    assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()
