"""Plants faults in the code, one at a time, and sees which of them the tests catch.

``python -m tests.planted_faults generate [SEED]`` chooses them anew and writes ``faults.json``;
``python -m tests.planted_faults run [NUMBER…]`` runs, for each or for those of these numbers, the
tests that cover its module, in a copy of this repository as it was committed last. Nothing else
knows of them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.planted_faults.mutations import mutations

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("faults.json")
SEED = 14
PATIENCE_S = 900
# How many faults lie where; a third of them in leases, ends of streams and idempotency.
_PLACES = (
    (3, ("meshkit/leases*.py",)),
    (4, ("meshkit/stream*.py",)),
    (4, ("meshkit/idempotency*.py",)),
    (
        19,
        (
            "*_svc/domain/**/*.py",
            "*_svc/usecases/**/*.py",
            "edge/identity/usecases/**/*.py",
            "edge/media/domain/**/*.py",
            "player/device/**/*.py",
            "meshkit/paging.py",
            "meshkit/revocations.py",
            "meshkit/feeds.py",
        ),
    ),
)
_TESTS = {
    "meshkit": ["tests/unit/meshkit", "tests/rpc/meshkit"],
    "catalog_svc": ["tests/unit/catalog", "tests/rpc/catalog"],
    "playback_svc": ["tests/unit/playback", "tests/rpc/playback"],
    "playlist_svc": ["tests/unit/playlist", "tests/rpc/playlist"],
    "rec_svc": ["tests/unit/rec", "tests/adapters/rec"],
    "edge/identity": ["tests/unit/identity", "tests/rpc/identity"],
    "edge/media": ["tests/unit/edge"],
    "player": ["tests/unit/player", "tests/adapters/player"],
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Lines of a file, which stand there once, and what is planted instead.

    ``equivalent`` says why no test can catch it: what is planted does the same.
    """

    file: str
    line: int
    old: str
    new: str
    equivalent: str = ""

    def tests(self, tree: Path) -> list[str]:
        """What covers its module: folders, and of what is shared the files that bear its name."""
        found = next(tests for start, tests in _TESTS.items() if self.file.startswith(start))
        named = tree.glob(f"tests/*/*/test_*{Path(self.file).stem}*.py")
        files = sorted(str(path.relative_to(tree)) for path in named)
        return [*found, *(file for file in files if str(Path(file).parent) not in found)]

    def plant(self, tree: Path) -> bool:
        """Whether the lines are there, and are exchanged now."""
        path = tree / self.file
        source = path.read_text() if path.exists() else ""
        if source.count(f"{self.old}\n") != 1:
            return False
        path.write_text(source.replace(f"{self.old}\n", f"{self.new}\n"))
        return True


def generate(seed: int) -> list[Fault]:
    """So many faults of each group, chosen by the seed, no two in one file's same lines."""
    chance = random.Random(seed)
    chosen: list[Fault] = []
    for count, patterns in _PLACES:
        files = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
        found = list(_distinct(fault for path in files for fault in _faults_of(path)))
        chosen += sorted(chance.sample(found, count), key=lambda fault: (fault.file, fault.line))
    return chosen


def _faults_of(path: Path) -> Iterator[Fault]:
    source = path.read_text()
    for made in mutations(source):
        if source.count(f"{made.old}\n") == 1:
            yield Fault(str(path.relative_to(ROOT)), made.line, made.old, made.new)


def _distinct(faults: Iterator[Fault]) -> Iterator[Fault]:
    seen = set()
    for fault in faults:
        if (fault.file, fault.old) not in seen:
            seen.add((fault.file, fault.old))
            yield fault


def run(numbers: Collection[int]) -> int:
    """Runs the tests for each fault; how many were caught is said, and which were not."""
    caught, alive, gone = 0, [], 0
    for number, entry in enumerate(json.loads(LIST.read_text()), 1):
        fault = Fault(**entry)
        if fault.equivalent or (numbers and number not in numbers):
            continue
        began = time.monotonic()
        verdict = _verdict(ROOT, fault)
        print(f"{number:2} {verdict:7} {time.monotonic() - began:4.0f} s  {fault.file}", flush=True)
        caught += verdict == "caught"
        gone += verdict == "gone"
        if verdict == "missed":
            alive.append(f"{fault.file}\n{fault.old}\n{fault.new}\n")
    print(f"{caught} caught, {len(alive)} missed, {gone} whose lines are no longer there")
    print("\n".join(alive))
    return 0


def _verdict(tree: Path, fault: Fault) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        files = ["git", "-C", str(tree), "archive", "HEAD"]
        archive = subprocess.run(files, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        if not fault.plant(copy):
            return "gone"
        python = tree / ".venv" / "bin" / "python"
        workers = os.environ.get("WORKERS", "0")
        # In their order, so that those that answer soonest are asked first.
        words = [str(python), "-m", "pytest", "-x", "-q", "-p", "no:randomly"]
        # Who waits for what the fault has taken away is not asked to end in order.
        words += ["--timeout=60", "--timeout-method=thread"]
        words += [*(["-n", workers] if workers != "0" else []), *fault.tests(copy)]
        paths = os.pathsep.join([folder, str(copy / "gen"), str(copy / "protos")])
        environment = {**os.environ, "PYTHONPATH": paths}
        try:
            done = subprocess.run(
                words, cwd=copy, env=environment, capture_output=True, timeout=PATIENCE_S
            )
        except subprocess.TimeoutExpired:
            return "caught"
        assert done.returncode in (0, 1, 2), done.stdout.decode() + done.stderr.decode()
    return "caught" if done.returncode else "missed"


def main(words: list[str]) -> int:
    match words:
        case ["generate", *seed]:
            faults = generate(int(seed[0]) if seed else SEED)
            entries = [{k: v for k, v in asdict(fault).items() if v != ""} for fault in faults]
            LIST.write_text(json.dumps(entries, indent=2) + "\n")
            return 0
        case ["run", *numbers]:
            return run(list(map(int, numbers)))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
