"""Starting a mesh where one runs already."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)


def up(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "localmesh", "up", "--dir", str(folder), "--port", str(port)]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_up_on_the_same_folder_says_that_one_runs_and_where(mesh: RunningMesh) -> None:
    second = up(mesh.folder, 0)
    assert (second.returncode, second.stderr) == (0, "")
    assert f"the mesh already runs at {mesh.edge}" in second.stdout
    assert mesh.call("GET", "/tracks", token=mesh.token()).status == 200


def test_a_taken_port_is_named(mesh: RunningMesh, tmp_path: Path) -> None:
    port = urlsplit(mesh.edge).port
    assert port is not None
    refused = up(tmp_path / "other", port)
    assert refused.returncode == 1
    assert f"port {port} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr
