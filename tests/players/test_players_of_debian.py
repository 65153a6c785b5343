"""Players that Debian has play a session's addresses to the end, without a sound device.

What each would have sounded goes to a file, and is counted there.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running_mesh import RunningMesh, make_noise, run_ffmpeg, running_mesh

SECONDS, RATE, AAC_FRAME = 6, 44_100, 1024
PATIENCE_S = 60
# VLC does not run as root.
NOBODY = 65_534

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    music = tmp_path_factory.mktemp("music")
    make_noise(music / "harbour.flac", SECONDS, title="Harbour", artist="Ada")
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        assert mesh.import_music(music).files_complete == 1
        yield mesh


@pytest.fixture(scope="module")
def session(mesh: RunningMesh) -> Any:
    token = mesh.token("listener")
    found = mesh.call("GET", "/search?q=harbour&type=track", token=token).body
    body = {"track_id": found["tracks"][0]["id"], "device_id": "player"}
    return mesh.call("POST", "/playback/play", body, token=token).body


@pytest.fixture
def heard() -> Iterator[Path]:
    """A file that a player writes, whoever it runs as."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder) / "heard"


def run(*words: str, user: int | None = None, home: Path) -> None:
    """Runs a player to its end."""
    environment = {**os.environ, "HOME": str(home)}
    # Another user is taken, with his group, where root runs the tests.
    other = {"user": user, "group": user, "extra_groups": []} if user and not os.geteuid() else {}
    done = subprocess.run(
        words,
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        **other,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def is_all_of_it(heard: Path) -> bool:
    """Whether a file has the music from its start to its end: AAC is of whole frames."""
    pcm = run_ffmpeg("-i", str(heard), "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-")
    samples = len(pcm) // 2
    return SECONDS * RATE <= samples <= SECONDS * RATE + 3 * AAC_FRAME


both_addresses = pytest.mark.parametrize("address", ["stream_url", "dash_url"])


@both_addresses
def test_mpv_plays_to_the_end(session: Any, address: str, heard: Path) -> None:
    sound = ("--no-config", "--no-video", "--ao=pcm", f"--ao-pcm-file={heard}")
    run("mpv", *sound, session[address], home=heard.parent)
    assert is_all_of_it(heard)


@both_addresses
def test_gstreamer_plays_to_the_end(session: Any, address: str, heard: Path) -> None:
    sink = f"audioconvert ! wavenc ! filesink location={heard}"
    words = ("playbin", f"uri={session[address]}", f"audio-sink={sink}")
    run("gst-launch-1.0", "-q", *words, home=heard.parent)
    assert is_all_of_it(heard)


@both_addresses
def test_streamlink_takes_it_to_the_end(session: Any, address: str, heard: Path) -> None:
    run("streamlink", "--output", str(heard), session[address], "best", home=heard.parent)
    assert is_all_of_it(heard)


def test_vlc_plays_to_the_end(session: Any, heard: Path) -> None:
    sound = ("--aout=afile", f"--audiofile-file={heard}", "--audiofile-format=s16")
    words = ("-I", "dummy", "--no-video", *sound, session["stream_url"], "vlc://quit")
    run("vlc", *words, user=NOBODY, home=heard.parent)
    assert is_all_of_it(heard)
