"""Clients that strangers' generators made search, play and hear what plays, through the edge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from toolchains import PYTHON

from tests.running_mesh import RunningMesh, make_noise, running_mesh

TITLE = "Harbour"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    music = tmp_path_factory.mktemp("music")
    make_noise(music / "harbour.flac", 6, title=TITLE, artist="Ada")
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        assert mesh.import_music(music).files_complete == 1
        yield mesh


def said_by(program: list[str | Path], token: str, *words: str | Path, **more: str) -> Any:
    env = {**os.environ, "SEGUE_TOKEN": token, **more}
    done = subprocess.run([*program, *words], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def assert_it_plays(said: Any, refused: str) -> None:
    assert said["watched"]["playback"]["track"]["title"] == TITLE
    assert_it_calls(said, refused)


def assert_it_calls(said: Any, refused: str) -> None:
    assert said["title"] == TITLE
    assert said["stream_url"].endswith("/master.m3u8")
    assert said["refused"] == refused


@pytest.mark.parametrize("protocol", ["grpc", "grpc-web", "connect"])
def test_a_client_of_connect_es_searches_plays_and_watches(
    mesh: RunningMesh, typescript: Path, protocol: str
) -> None:
    words = (mesh.edge, TITLE, protocol)
    said = said_by(["node", typescript / "connect.js"], mesh.token(protocol), *words)
    assert_it_plays(said, "InvalidArgument")
    assert said["reasons"] == ["INVALID_FIELD"]


def test_a_client_of_connect_es_calls_in_json_and_is_told_that_streams_are_binary(
    mesh: RunningMesh, typescript: Path
) -> None:
    words = (mesh.edge, TITLE, "connect-json")
    said = said_by(["node", typescript / "connect.js"], mesh.token("json-calls"), *words)
    assert_it_calls(said, "InvalidArgument")
    assert said["reasons"] == ["INVALID_FIELD"]
    assert "application/connect+proto" in said["watched"]


def test_a_client_of_grpc_js_searches_plays_and_watches(
    mesh: RunningMesh, typescript: Path, contracts: Path
) -> None:
    edge = urlsplit(mesh.edge).netloc
    said = said_by(["node", typescript / "grpc.js"], mesh.token("grpc"), edge, TITLE, contracts)
    assert_it_plays(said, "INVALID_ARGUMENT")


def test_a_client_in_go_searches_plays_watches_and_reads_why_it_is_refused(
    mesh: RunningMesh, golang: Path
) -> None:
    edge = urlsplit(mesh.edge).netloc
    said = said_by([golang / "programs" / "client"], mesh.token("gopher"), edge, TITLE)
    assert_it_plays(said, "InvalidArgument")
    assert (said["reason"], said["fields"]) == ("INVALID_FIELD", ["playback_id"])


def test_a_client_in_cpp_searches_plays_watches_and_reads_why_it_is_refused(
    mesh: RunningMesh, cpp: Path
) -> None:
    said = said_by([cpp], mesh.token("cpp"), urlsplit(mesh.edge).netloc, TITLE)
    assert_it_plays(said, "INVALID_ARGUMENT")
    assert (said["reason"], said["fields"]) == ("INVALID_FIELD", ["playback_id"])


def test_a_client_of_grpclib_searches_plays_watches_and_reads_why_it_is_refused(
    mesh: RunningMesh, grpclib: Path
) -> None:
    program: list[str | Path] = [sys.executable, PYTHON / "client.py"]
    words = (urlsplit(mesh.edge).netloc, TITLE)
    said = said_by(program, mesh.token("grpclib"), *words, PYTHONPATH=str(grpclib))
    assert_it_plays(said, "INVALID_ARGUMENT")
    assert (said["reason"], said["fields"]) == ("INVALID_FIELD", ["playback_id"])


def test_a_client_made_from_openapi_searches_and_plays(mesh: RunningMesh, typescript: Path) -> None:
    said = said_by(["node", typescript / "json.js"], mesh.token("json"), mesh.edge, TITLE)
    assert_it_plays(said, "INVALID_FIELD")
