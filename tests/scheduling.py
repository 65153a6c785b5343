"""Which tests a worker of pytest-xdist takes together, and what is begun first.

A file is a unit, since its fixtures are made once for it. What needs a whole mesh is one unit, or
few: each worker that runs such a test starts a mesh of its own.
"""

from __future__ import annotations

from fnmatch import fnmatch

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# What waits most comes first, so that what computes fills the time of those who wait.
_FIRST = (
    "tests/mesh/",
    "tests/e2e/",
    "tests/browser/*",
    "tests/languages/",
    "tests/node/*",
    "tests/mesh/*",
    "tests/e2e/*",
    "tests/rpc/playback/*",
    "tests/adapters/*",
    "tests/upgrades/*",
    "tests/rpc/*",
)
# Those that have a mesh of their own are units of their own.
MESHES_OF_THEIR_OWN = (
    "tests/mesh/test_killed_imports.py",
    "tests/mesh/test_killed_runs.py",
    "tests/mesh/test_power_cuts.py",
    "tests/mesh/test_signals.py",
    "tests/mesh/test_traces.py",
    "tests/e2e/test_e2e_demo.py",
)
# Their tests share a mesh, or a folder in which they compile.
_UNITS = ("tests/mesh/", "tests/e2e/", "tests/languages/")


def unit_of(test: str) -> str:
    """The unit of a test, given its id: its file, or the folder whose tests share much."""
    file = test.partition("::")[0]
    if file not in MESHES_OF_THEIR_OWN:
        for folder in _UNITS:
            if file.startswith(folder):
                return folder
    return file


def turn_of(unit: str) -> int:
    """How early a unit is begun: 0 is first."""
    turns = (turn for turn, pattern in enumerate(_FIRST) if fnmatch(unit, pattern))
    return next(turns, len(_FIRST))


class UnitScheduling(LoadScopeScheduling):
    """Hands units to workers, in the order of their turns."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=turn_of), last=False)
        super()._assign_work_unit(node)
