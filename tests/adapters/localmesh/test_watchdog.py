"""The watchdog that stands in where the kernel does not end the children of the dead."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from localmesh.watchdog import ChildRegistry, end_children

Wait = Callable[[Callable[[], bool]], Awaitable[None]]
Alive = Callable[[int], bool]

PARENT = """
import subprocess, sys, signal, time, pathlib
from localmesh.watchdog import ChildRegistry
path = pathlib.Path(sys.argv[1])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True, stdout=subprocess.DEVNULL)
ChildRegistry(path).add(child.pid, signal.SIGKILL)
dog = subprocess.Popen([sys.executable, "-m", "localmesh.watchdog", str(path)],
                       stdout=subprocess.DEVNULL)
print(child.pid, dog.pid, flush=True)
time.sleep(600)
"""


async def test_the_watchdog_ends_the_children_of_a_killed_parent_and_itself(
    tmp_path: Path, programs: Path, eventually: Wait, is_running: Alive
) -> None:
    argv = [sys.executable, "-c", PARENT, str(tmp_path / "children.json")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:  # noqa: ASYNC220
        assert parent.stdout is not None
        line = await asyncio.to_thread(parent.stdout.readline)
        child, dog = (int(word) for word in line.split())
        # The watchdog must have looked at its parent once before that parent dies.
        await asyncio.sleep(0.5)
        assert is_running(child)
        parent.kill()
    await eventually(lambda: not is_running(child) and not is_running(dog))


def test_a_child_that_has_ended_is_not_signalled(tmp_path: Path) -> None:
    path = tmp_path / "children.json"
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as child:
        registry = ChildRegistry(path)
        registry.add(child.pid, signal.SIGKILL)
        registry.remove(child.pid)
        end_children(path)
        assert child.poll() is None
        registry.add(child.pid, signal.SIGKILL)
        end_children(path)
        assert child.wait() == -signal.SIGKILL
