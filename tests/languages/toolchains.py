"""Where the parts of other languages lie, and how their programs are run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CPP, GO, TYPESCRIPT = HERE / "cpp", HERE / "go", HERE / "typescript"
PYTHON = HERE / "python"
JAVA_RUNTIME = Path("/usr/share/java/protobuf.jar")
PATIENCE_S = 240


def run(words: Sequence[str | Path], *, cwd: Path, path: Path | None = None) -> str:
    """What a program says; its failure is the test's, in its own words.

    ``path`` is looked in for programs before all else.
    """
    folders = [str(path)] if path else []
    env = {**os.environ, "PATH": os.pathsep.join([*folders, os.environ["PATH"]])}
    command = [str(word) for word in words]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE_S
        )
    except FileNotFoundError:
        pytest.fail(f"{command[0]} is missing; run: make test-languages")
    assert done.returncode == 0, f"{' '.join(command[:6])} …\n{done.stdout}{done.stderr}"
    return done.stdout
