"""The folder of a mesh: where it is, who may enter, what is written in one step."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from localmesh.faults import MeshFault
from localmesh.layout import Layout, default_folder
from meshkit.private_files import write_private


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEGUE_DIR", str(tmp_path))
    assert Layout.at(None).root == tmp_path
    assert Layout.at(tmp_path / "other").root == tmp_path / "other"


def test_without_a_name_it_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGUE_DIR", raising=False)
    assert default_folder().name == "segue"


def test_the_folder_is_closed_to_others_even_when_it_was_open(tmp_path: Path) -> None:
    folder = tmp_path / "mesh"
    folder.mkdir(mode=0o755)
    Layout.at(folder).create()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "mesh").touch()
    with pytest.raises(MeshFault, match="mesh cannot be used"):
        Layout.at(tmp_path / "mesh").create()


def test_a_folder_of_somebody_elses_things_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").touch()
    with pytest.raises(MeshFault, match="holds other things and no mesh"):
        Layout.at(folder).create()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_folder_that_a_mesh_has_begun_is_used_again(tmp_path: Path) -> None:
    Layout.at(tmp_path / "mesh").create()
    (tmp_path / "mesh" / "music").mkdir()
    Layout.at(tmp_path / "mesh").create()


def test_the_control_socket_of_a_deep_folder_has_a_path_that_fits(tmp_path: Path) -> None:
    shallow, deep = Layout(Path("/a")), Layout(Path("/a") / ("x" * 200))
    assert shallow.control == Path("/a/control.sock")
    assert len(str(deep.control)) <= 103
    assert deep.control != Layout(Path("/b") / ("x" * 200)).control


def test_sockets_of_a_deep_folder_are_reached_through_a_link_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    short = tmp_path_factory.mktemp("short", numbered=False)
    monkeypatch.setattr("tempfile.tempdir", str(short))
    layout = Layout(tmp_path / ("x" * 100))
    layout.create()
    layout.create()
    (layout.valkey / "valkey.sock").touch()
    (link,) = short.iterdir()
    assert stat.S_IMODE(link.stat().st_mode) == 0o700
    assert layout.reach(layout.valkey / "valkey.sock").samefile(layout.valkey / "valkey.sock")

    link.chmod(0o755)
    with pytest.raises(MeshFault, match="open to others"):
        layout.link()


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
