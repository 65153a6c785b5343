"""The Connect protocol as buf curl speaks it unless told: by reflection alone, streams too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from e2e_album import SONGS, Music

from tests.running_mesh import RunningMesh

SEARCH = "segue.catalog.v1.SearchService/Search"
WATCH = "segue.playback.v1.PlaybackService/WatchPlayback"
GET_TRACK = "segue.catalog.v1.CatalogService/GetTrack"


def buf_curl(
    mesh: RunningMesh, token: str, method: str, message: str, *more: str
) -> tuple[str, str]:
    """What ``buf curl`` prints and complains of; it is given no schema, nor a protocol but more."""
    buf = Path(sys.executable).with_name("buf")
    words = ("-H", f"authorization: Bearer {token}", "-d", message, f"{mesh.edge}/{method}")
    done = subprocess.run(
        [buf, "curl", "--http2-prior-knowledge", *more, *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout, done.stderr


def test_buf_curl_searches_by_its_default(mesh: RunningMesh, free: str, music: Music) -> None:
    said, complained = buf_curl(mesh, free, SEARCH, f'{{"q": "{SONGS[0].title}"}}')
    assert complained == ""
    assert music.id_of(SONGS[0]) in said


@pytest.mark.parametrize("protocol", ["grpc", "grpcweb"])
def test_buf_curl_searches_by_other_protocols(
    mesh: RunningMesh, free: str, music: Music, protocol: str
) -> None:
    message = f'{{"q": "{SONGS[0].title}"}}'
    said, complained = buf_curl(mesh, free, SEARCH, message, "--protocol", protocol)
    assert complained == ""
    assert music.id_of(SONGS[0]) in said


def test_buf_curl_is_told_why_a_call_is_refused(mesh: RunningMesh, free: str) -> None:
    _, complained = buf_curl(mesh, free, GET_TRACK, '{"id": "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"}')
    assert '"code": "not_found"' in complained
    assert "google.rpc.ErrorInfo" in complained
    _, complained = buf_curl(mesh, "nonsense", WATCH, "{}")
    assert '"code": "unauthenticated"' in complained
    assert "google.rpc.ErrorInfo" in complained
