"""Processor time, which other work on the machine disturbs less than the clock. Linux only."""

from __future__ import annotations

import os
import resource
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat behind the name: parent; user and system time, own and of children.
_PARENT = 1
_TIMES = slice(11, 15)


def of_ended_children() -> float:
    """Seconds that this process's ended children and theirs have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_tree(pid: int) -> float:
    """Seconds that a process, all below it, and all of theirs that have ended have used."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(process.name)] = int(fields[_PARENT])
        used[int(process.name)] = sum(map(int, fields[_TIMES]))
    return sum(used[one] for one in used if _is_below(one, pid, parents)) / _TICKS_A_SECOND


def _is_below(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while process and process != ancestor:
        process = parents.get(process, 0)
    return process == ancestor
