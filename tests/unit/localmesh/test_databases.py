"""Where the databases of a running mesh are."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from localmesh.databases import database_dsn, password_of
from localmesh.faults import MeshNotRunning
from localmesh.keystore import Keystore
from localmesh.layout import Layout


def test_a_role_reaches_its_database_by_its_socket_and_password(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "a folder, of mine")
    layout.secrets.mkdir(parents=True)
    (layout.postgres / "cluster").mkdir(parents=True)
    (layout.postgres / "cluster" / ".s.PGSQL.5432").touch()
    assert conninfo_to_dict(database_dsn(layout.root, "playlist")) == {
        "user": "playlist",
        "password": password_of(Keystore(layout.secrets), "playlist"),
        "host": str(layout.reach(layout.postgres / "cluster" / ".s.PGSQL.5432").parent),
        "port": "5432",
        "dbname": "segue",
        "require_auth": "scram-sha-256",
    }


def test_where_no_mesh_ran_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(MeshNotRunning):
        database_dsn(tmp_path, "playlist")
