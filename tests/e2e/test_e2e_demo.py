"""The demonstration tells its whole story and cleans up after itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_mesh import make_noise

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where programs put what is to be gone soon; short, as paths of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="segue-") as folder:
        yield Path(folder)


def demo(temporary: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Beside a library of one's own, which is named by SEGUE_DIR."""
    command = [sys.executable, "-m", "player.cli", "demo", *words]
    own = str(temporary / "own")
    environment = {**os.environ, "COLUMNS": "200", "TMPDIR": str(temporary), "SEGUE_DIR": own}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=280, env=environment
    )


def test_the_demo_goes_from_nothing_to_a_summary_and_leaves_nothing(temporary: Path) -> None:
    told = demo(temporary)
    assert told.returncode == 0, told.stdout + told.stderr
    assert list(temporary.iterdir()) == []
    assert "envoy: ready after" in told.stdout
    assert "refused: 99 Cut Short On Purpose.flac" in told.stdout
    assert "12 listeners, made up for this demo, save tracks" in told.stdout
    assert "it recommends. NDCG@10 against popularity +" in told.stdout
    assert "Because of “Long Exposure” by Marlow & Finch" in told.stdout
    for line in ("search with a typo", "played to its end", "play to first audio", "recommended"):
        assert line in told.stdout
    summary = told.stdout.partition("What was seen")[2].splitlines()
    assert [line for line in summary if line != line.rstrip()] == []
    rungs = next(line for line in told.stdout.splitlines() if "rungs over the slow link" in line)
    assert "0 changes" not in rungs.replace("10 changes", "")


def test_the_demo_takes_music_of_which_it_knows_nothing(tmp_path: Path, temporary: Path) -> None:
    """Titles that nobody can misspell, no tags, odd names."""
    make_noise(tmp_path / "music" / "CD 2" / "--01. (live) [2].mp3", 25)
    make_noise(tmp_path / "music" / "夜の歌.flac", 8, title="夜の歌")
    told = demo(temporary, "--music", str(tmp_path / "music"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "play to first audio" in told.stdout
    assert "2 tracks of too few artists: no model is trained" in told.stdout


def test_the_demo_says_where_it_failed(tmp_path: Path, temporary: Path) -> None:
    told = demo(temporary, "--music", str(tmp_path / "nothing"))
    assert told.returncode == 1
    assert "does not exist" in told.stderr


def test_a_folder_without_music_is_named(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = demo(temporary, "--music", str(tmp_path / "empty"))
    assert told.returncode == 1
    assert "the demo could not import it" in told.stderr
