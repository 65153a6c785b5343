"""What the tests of the launcher share."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from localmesh.free_ports import PortAllocator
from localmesh.output import Output
from localmesh.specs import RestartPolicy
from localmesh.supervisor import Supervisor
from tests import process_states

PROGRAMS = Path(__file__).parent / "programs"
QUICK = RestartPolicy(first_s=0.01, longest_s=0.1, start_attempts=2)


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small programs, importable here and in every child."""
    root = PROGRAMS.parents[3]
    inherited = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(PROGRAMS), str(root), *filter(None, [inherited])])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(PROGRAMS))
    return PROGRAMS


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for sockets, whose paths have 107 bytes: pytest's own is longer in some runs."""
    with tempfile.TemporaryDirectory(prefix="segue-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    """A supervisor that restarts quickly and leaves nothing behind; logs are in ``logs``."""
    (tmp_path / "logs").mkdir()
    output = Output(tmp_path / "logs", None, "console")
    supervisor = Supervisor(output, QUICK)
    yield supervisor
    await supervisor.stop()
    output.close()


async def _eventually(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until ``condition()`` holds; fails the test when it does not come to hold."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        await asyncio.sleep(0.02)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until a condition holds."""
    return _eventually


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    """Whether a pid lives."""
    return process_states.is_running


@pytest.fixture
def ports() -> PortAllocator:
    """Free ports of this machine."""
    return PortAllocator()
