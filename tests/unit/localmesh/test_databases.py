"""Where the databases of a running mesh are."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from localmesh.databases import database_dsn, password_of
from localmesh.faults import MeshNotRunning
from localmesh.keystore import Keystore
from localmesh.layout import Layout


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    path = Layout.at(tmp_path).postgres / "cluster" / "postmaster.pid"
    path.parent.mkdir(parents=True)
    return path


def test_a_role_reaches_its_database_by_the_port_and_the_password_of_now(
    tmp_path: Path, pid_file: Path
) -> None:
    pid_file.write_text("4711\n/cluster\n1700000000\n35432\n\nlocalhost\n", encoding="ascii")
    layout = Layout.at(tmp_path)
    layout.secrets.mkdir()
    assert conninfo_to_dict(database_dsn(tmp_path, "playlist")) == {
        "user": "playlist",
        "password": password_of(Keystore(layout.secrets), "playlist"),
        "host": "127.0.0.1",
        "port": "35432",
        "dbname": "segue",
    }


@pytest.mark.parametrize("text", ["", "4711\n/cluster\n1700000000\n", "a\nb\nc\nd\n"])
def test_a_server_that_is_not_up_yet_is_none(tmp_path: Path, pid_file: Path, text: str) -> None:
    pid_file.write_text(text, encoding="ascii")
    with pytest.raises(MeshNotRunning):
        database_dsn(tmp_path, "playlist")


def test_where_no_mesh_ran_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(MeshNotRunning):
        database_dsn(tmp_path, "playlist")
