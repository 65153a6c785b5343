"""A backup is restored into an empty folder, whole or not at all."""

from __future__ import annotations

import io
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from localmesh.backup import require_room
from localmesh.backup_format import FORMAT, About, BackupWriter
from localmesh.faults import BackupRefused, MeshFault
from localmesh.layout import Layout
from localmesh.postgres import MAJOR_VERSION, restored_mark
from localmesh.restore import restore

ABOUT = About(FORMAT, "0.1.0", MAJOR_VERSION, "2026-11-30T20:00:00.000Z")
FILES = {
    "postgres/cluster/PG_VERSION": b"18\n",
    "objects/media/ab": b"sound",
    "secrets/postgres.password": b"word",
}


def write_backup(file: Path, about: About = ABOUT) -> Path:
    with file.open("wb") as stream:
        writer = BackupWriter(stream, about)
        writer.add_folder("postgres/cluster/pg_notify")
        for name, content in FILES.items():
            writer.add_file(name, len(content), io.BytesIO(content))
        writer.finish()
    return file


def run(file: Path, root: Path, version: str = "0.1.0") -> None:
    restore(file, Layout.at(root), version, lambda *_: None)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return write_backup(tmp_path / "a.backup")


def assert_restored(root: Path) -> None:
    assert {name: (root / name).read_bytes() for name in FILES} == FILES
    assert (root / "postgres/cluster/pg_notify").is_dir()
    assert restored_mark(root / "postgres").exists()
    assert {path.name for path in root.iterdir()} == {"postgres", "objects", "secrets", "mesh.lock"}
    modes = {stat.S_IMODE((root / name).stat().st_mode) for name in FILES}
    assert modes == {0o600}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


@pytest.mark.parametrize("there", [True, False])
def test_it_is_restored_into_an_empty_folder_or_a_new_one(
    tmp_path: Path, backup: Path, *, there: bool
) -> None:
    root = tmp_path / "new" / "mesh"
    if there:
        root.mkdir(parents=True)
    run(backup, root)
    assert_restored(root)
    Layout.at(root).create()


def test_a_folder_that_is_not_empty_is_refused_and_stays_as_it_is(
    tmp_path: Path, backup: Path
) -> None:
    root = tmp_path / "mesh"
    root.mkdir()
    (root / "letter.txt").write_text("dear")
    with pytest.raises(BackupRefused, match="is not empty"):
        run(backup, root)
    assert [path.name for path in root.iterdir()] == ["letter.txt"]


def test_nothing_is_written_of_a_file_that_is_not_whole(tmp_path: Path, backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-9])
    with pytest.raises(BackupRefused, match="cut short"):
        run(backup, tmp_path / "mesh")
    assert not (tmp_path / "mesh").exists()


@pytest.mark.parametrize(
    ("made_by", "read_by"), [("0.1.1", "0.1.0"), ("1.0", "0.9.9"), ("0.10.0", "0.9.0")]
)
def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path, made_by: str, read_by: str) -> None:
    file = write_backup(tmp_path / "a.backup", replace(ABOUT, segue=made_by))
    with pytest.raises(BackupRefused, match=f"made by Segue {made_by}, which is newer"):
        run(file, tmp_path / "mesh", read_by)
    assert not (tmp_path / "mesh").exists()


@pytest.mark.parametrize("made_by", ["0.1.0", "0.0.9", "unknown"])
def test_a_backup_of_this_or_an_older_version_is_restored(tmp_path: Path, made_by: str) -> None:
    file = write_backup(tmp_path / "a.backup", replace(ABOUT, segue=made_by))
    run(file, tmp_path / "mesh")
    assert_restored(tmp_path / "mesh")


def test_a_database_of_another_postgresql_is_refused(tmp_path: Path) -> None:
    file = write_backup(tmp_path / "a.backup", replace(ABOUT, postgres=MAJOR_VERSION - 1))
    with pytest.raises(BackupRefused, match=f"PostgreSQL {MAJOR_VERSION - 1}"):
        run(file, tmp_path / "mesh")


def test_a_restore_that_was_broken_off_is_no_mesh_and_is_done_again(
    tmp_path: Path, backup: Path
) -> None:
    root = tmp_path / "mesh"
    (root / "restore.part" / "secrets").mkdir(parents=True)
    (root / "restore.part" / "secrets" / "postgres.password").write_text("half")
    with pytest.raises(MeshFault, match="no mesh"):
        Layout.at(root).create()
    run(backup, root)
    assert_restored(root)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="cannot be read: No such file"):
        run(tmp_path / "none.backup", tmp_path / "mesh")


def test_want_of_room_is_refused_where_the_folder_is_to_be(tmp_path: Path) -> None:
    require_room(tmp_path / "new" / "mesh", 1)
    with pytest.raises(BackupRefused, match=r"free, and up to .* MB are needed"):
        require_room(tmp_path / "new" / "mesh", 10**18)
