"""Where the kernel has no parent-death signal (macOS): a process that ends what is left.

The supervisor keeps a list of its children's process groups in a file and starts
``python -m localmesh.watchdog FILE``, which kills them when its parent is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

_POLL_S = 0.2


class ChildRegistry:
    """The process groups that must not outlive the supervisor, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._groups: dict[int, int] = {}

    def add(self, leader: int, ending: signal.Signals) -> None:
        """Note a group and the signal that ends it."""
        self._groups[leader] = int(ending)
        self._write()

    def remove(self, leader: int) -> None:
        """Forget a group that is gone."""
        self._groups.pop(leader, None)
        self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(self._groups), encoding="ascii")
        draft.replace(self._path)


def end_children(path: Path) -> None:
    """Signal every group in the file."""
    try:
        groups: dict[str, int] = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return
    for leader, ending in groups.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(leader), ending)


def main(path: Path) -> None:
    """Wait until the parent is gone, then end its children."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    end_children(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
