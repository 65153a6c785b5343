"""Children that are Python programs import our modules, whatever lies in the folder they are in."""

from __future__ import annotations

import subprocess
from pathlib import Path

from localmesh.python_children import environment_of_child, python_module


def test_nothing_of_the_current_folder_is_run(tmp_path: Path) -> None:
    for name in ("localmesh", "segue", "meshkit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('{name} of a stranger')")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('a stranger')")
    argv = python_module("localmesh.watchdog")
    inside = "import segue.errors.v1.errors_pb2, localmesh, meshkit"
    for command in ((*argv[:2], "-c", inside), (argv[0], "-c", inside)):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment_of_child({}), capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
