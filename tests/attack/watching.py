"""What an attack does to the mesh: whether its processes live, and how much memory they take."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.mesh.mesh_processes import Seen, processes

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in bytes: now, and at most since the attack began."""

    now: int
    peak: int


def memory_of(pid: int) -> Memory:
    """What a process holds (VmRSS) and held at most (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return Memory(*(int(told[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")))


@contextlib.asynccontextmanager
async def unharmed(folder: Path, *, most_mib: int) -> AsyncIterator[dict[str, int]]:
    """Every process lives through the block, and none takes more than so much more memory.

    Yields what is filled when the block ends: the MiB that each process took at its worst.
    """
    before = await processes(folder)
    held = {name: _from_now(seen.pid) for name, seen in before.items() if seen.pid}
    grown: dict[str, int] = {}
    yield grown
    after = await processes(folder)
    assert _lives(after) == _lives(before)
    for name, memory in held.items():
        pid = after[name].pid
        assert pid is not None
        grown[name] = max(0, memory_of(pid).peak - memory.now) // MIB
    beyond = {name: mib for name, mib in grown.items() if mib > most_mib}
    assert not beyond, f"more MiB than {most_mib}: {beyond}"


def _from_now(pid: int) -> Memory:
    """Forgets the peak of before."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory_of(pid)


def _lives(seen: Mapping[str, Seen]) -> dict[str, tuple[int | None, int]]:
    return {name: (each.pid, each.restarts) for name, each in seen.items()}
