"""The demonstration tells its whole story and cleans up after itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)


def demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "player.cli", "demo", "--dir", str(folder), *words]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=280, env=environment
    )


def test_the_demo_goes_from_nothing_to_a_summary(tmp_path: Path) -> None:
    told = demo(tmp_path / "mesh")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "refused: 99 Cut Short On Purpose.flac" in told.stdout
    for line in ("search with a typo", "played to its end", "play to first audio"):
        assert line in told.stdout
    rungs = next(line for line in told.stdout.splitlines() if "rungs over the slow link" in line)
    assert "0 changes" not in rungs.replace("10 changes", "")
    assert not (tmp_path / "mesh" / "mesh.json").exists()


def test_the_demo_says_where_it_failed(tmp_path: Path) -> None:
    told = demo(tmp_path / "mesh", "--music", str(tmp_path / "nothing"))
    assert told.returncode == 1
    assert "does not exist" in told.stderr


def test_a_folder_without_music_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = demo(tmp_path / "mesh", "--music", str(tmp_path / "empty"))
    assert told.returncode == 1
    assert "the demo could not import it" in told.stderr
    assert not (tmp_path / "mesh" / "mesh.json").exists()
