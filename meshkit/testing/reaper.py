"""A process that ends what a run of tests leaves behind, however the run ends.

pytest, and each worker of pytest-xdist, starts one of its own. When its pipe to them closes, it
ends every process that carries their mark in its environment: by SIGTERM, so that a mesh takes
down its stores in order, and by SIGKILL what is still there after ``GRACE_S``. Processes are found
in /proc: where there is none (macOS) a killed run leaves behind what does not watch its parent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MARK = "STARTED_BY_TESTS"
GRACE_S = 10.0
_POLL_S = 0.05


class Reaper:
    """Marks the children of this process from now on, and ends them with it."""

    def __init__(self) -> None:
        mark = uuid.uuid4().hex
        # As a file: a package's imports would cost each run more than all that it does.
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__, mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=unmarked(os.environ),
        )
        os.environ[MARK] = mark

    def finish(self) -> None:
        """Ends what is left; returns when it is gone."""
        os.environ.pop(MARK, None)
        self._process.communicate()


def unmarked(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child that ends with its parent by itself."""
    return {name: value for name, value in environment.items() if name != MARK}


def _marked(mark: str) -> list[int]:
    """Those who carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        # It may be gone, and a zombie has none.
        with suppress(OSError):
            if wanted in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found


def _end(mark: str) -> None:
    asked: set[int] = set()
    deadline = time.monotonic() + GRACE_S
    while left := _marked(mark):
        too_late = time.monotonic() > deadline
        for pid in left:
            with suppress(ProcessLookupError):
                if too_late:
                    os.kill(pid, signal.SIGKILL)
                elif pid not in asked:
                    os.kill(pid, signal.SIGTERM)
                    # A stopped process hears nothing else.
                    os.kill(pid, signal.SIGCONT)
        asked.update(left)
        time.sleep(_POLL_S)


def main(mark: str) -> None:
    """Waits for the end of the pipe, then ends those who carry the mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    _end(mark)


if __name__ == "__main__":
    main(sys.argv[1])
