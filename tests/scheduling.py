"""Which tests a worker of pytest-xdist takes together, and what is begun first.

A file is a unit, since its fixtures are made once for it. What needs a whole mesh is one unit, or
few: each worker that runs such a test starts a mesh of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# What waits for processes, sound and the clock, the longest first.
_WAITING = (
    "tests/mesh/",
    "tests/e2e/",
    "tests/attack/",
    "tests/browser/*",
    "tests/readme/*",
    "tests/node/*",
    "tests/e2e/*",
    "tests/mesh/*",
)
# What computes, the longest first: the short ones fill the end of the run.
_COMPUTING = (
    "tests/languages/",
    "tests/adapters/catalog/test_import.py",
    "tests/adapters/edge/*",
    "tests/adapters/player/*",
    "tests/adapters/localmesh/*",
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
    "tests/e2e/test_e2e_learning.py",
)
# Their tests share a mesh, or a folder in which they compile.
_UNITS = ("tests/mesh/", "tests/e2e/", "tests/attack/", "tests/languages/")


def unit_of(test: str) -> str:
    """The unit of a test, given its id: its file, or the folder whose tests share much."""
    file = test.partition("::")[0]
    if file not in MESHES_OF_THEIR_OWN:
        for folder in _UNITS:
            if file.startswith(folder):
                return folder
    return file


def waits(unit: str) -> bool:
    """Whether a unit mostly waits, so that another one can compute meanwhile."""
    return any(fnmatch(unit, pattern) for pattern in _WAITING)


def turn_of(unit: str) -> int:
    """How early a unit is begun among those of its kind: 0 is first."""
    kind = _WAITING if waits(unit) else _COMPUTING
    turns = (turn for turn, pattern in enumerate(kind) if fnmatch(unit, pattern))
    return next(turns, len(kind))


def next_unit(queue: Iterable[str], *, waiting: int, workers: int) -> str:
    """What a worker begins of ``queue``, while ``waiting`` of the other workers wait.

    Half of the workers wait and half compute, as long as there is both: so no core is idle at the
    beginning, and what lasts longest is not left to the end.
    """
    wanted = waiting < max(1, workers // 2)
    return min(queue, key=lambda unit: (waits(unit) is not wanted, turn_of(unit)))


class UnitScheduling(LoadScopeScheduling):
    """Hands units to workers, see ``next_unit``."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = [other for other in self.nodes if other is not node]
        waiting = sum(map(self._has_one_that_waits, others))
        unit = next_unit(self.workqueue, waiting=waiting, workers=len(self.nodes))
        self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)

    def _has_one_that_waits(self, node: WorkerController) -> bool:
        assigned = self.assigned_work[node].items()
        return any(waits(unit) and not all(tests.values()) for unit, tests in assigned)
