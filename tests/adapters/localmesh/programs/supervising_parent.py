"""Supervises two children, says their pids and its readiness, and waits to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from localmesh.output import Output
from localmesh.specs import ProcessSpec
from localmesh.supervisor import Supervisor


class Always:
    async def check(self) -> bool:
        return True


def _spec(name: str, folder: Path, *argv: str) -> ProcessSpec:
    return ProcessSpec(name=name, role=name, argv=argv, ready=Always(), cwd=folder)


async def main(folder: Path) -> None:
    supervisor = Supervisor(Output(folder, None, "console"))
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    await supervisor.start(
        (
            _spec("plain", folder, sys.executable, "-c", "import time; time.sleep(600)"),
            _spec("deaf", folder, sys.executable, "-c", deaf),
        )
    )
    print(*(status.pid for status in supervisor.status()), flush=True)
    await asyncio.sleep(600)


asyncio.run(main(Path(sys.argv[1])))
