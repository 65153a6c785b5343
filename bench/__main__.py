"""``python -m bench``: measures what Segue promises and prints one Markdown table."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.report import Figure, figures_of, table


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark: the module whose ``run()`` it is, and what it measures."""

    module: str
    measures: str


BENCHES = {
    "unary": Bench("bench.unary", "a unary call with meshkit ÷ the same call bare"),
    "json": Bench("bench.json_calls", "a unary call as JSON, as gRPC, and without the edge"),
    "heartbeats": Bench("bench.heartbeats", "heartbeats ÷ an empty bidi echo; a stream's memory"),
    "devices": Bench("bench.devices", "commands to devices across instances; held devices; Pause"),
    "hour": Bench("bench.hour", "5,000 devices for six minutes while instances drain and die"),
    "import": Bench("bench.importing", "an import ÷ FFmpeg and packager alone"),
    "scan": Bench("bench.scanning", "tagged files until searchable; an unchanged rescan"),
    "play": Bench("bench.play", "from Play to the first audio byte and to the first sound"),
    "playlists": Bench("bench.playlists", "playlists of 10,000 tracks; reads and edits; a peer"),
    "search": Bench("bench.search", "search in a synthetic catalogue"),
    "recommendations": Bench("bench.recommendations", "models of what was heard; their cost"),
    "homes": Bench("bench.homes", "home kept and made, at 100,000 tracks; a batch of homes"),
    "radio": Bench("bench.radio", "what radios give next, at 100,000 tracks"),
    "start": Bench("bench.start", "a whole mesh from nothing running to all ready"),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    lines = [f"  {name:<15} {bench.measures}" for name, bench in BENCHES.items()]
    made = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="benchmarks:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="which to run; default: all")
    return made


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmarks named; 1 when one of them failed, 2 for an unknown name."""
    command = parser()
    names = command.parse_args(arguments).names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        command.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    # Programs are started while channels are open; they share nothing with gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    figures: list[Figure] = []
    origins: list[str] = []
    failed: list[str] = []
    for name in names:
        _measure(name, figures, origins, failed)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores\n")
    print(table(figures))
    print("\n" + "\n".join(origins))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _measure(name: str, figures: list[Figure], origins: list[str], failed: list[str]) -> None:
    """Runs one benchmark in a process of its own; failing, it costs no figures of the others."""
    bench = BENCHES[name]
    load = os.getloadavg()[0]
    print(f"{name}: {bench.measures} (load {load:.1f})", file=sys.stderr)
    began = time.perf_counter()
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            measured = pool.submit(figures_of, bench.module).result()
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        failed.append(name)
        return
    figures += measured
    what = f"{measured[0].what} … {measured[-1].what}"
    again = f"`python -m bench {name}`, {time.perf_counter() - began:.0f} s, load {load:.1f} before"
    origins.append(f"- {what}: {bench.module.replace('.', '/')}.py, {again}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
