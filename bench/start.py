"""How long a whole mesh takes from ``segue mesh up`` to every process ready, its folder warm."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

from bench.report import Figure

STARTS = 3
MUST_S = 8
AIM_S = 5


def _segue(*words: str) -> float:
    """Runs the command to its end; returns the seconds that it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "player.cli", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def run() -> list[Figure]:
    """Measures; about a minute."""
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for number in range(STARTS + 1):
            times.append(_segue("mesh", "up", "--detach", "--port", "0", "--dir", folder))
            _segue("mesh", "down", "--dir", folder)
            print(f"  {'warm' if number else 'first'} start {times[-1]:.2f} s", file=sys.stderr)
    beside = f"must < {MUST_S} s, aim {AIM_S} s"
    return [
        Figure("first start, which makes the stores", times[0], "s", None),
        Figure(f"warm start, median of {STARTS}", statistics.median(times[1:]), "s", beside),
    ]
