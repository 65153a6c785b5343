"""Which folders an import may read, on a real file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog_svc.domain.roots import resolve
from meshkit.faults import FailedPrecondition, InvalidArgument, PermissionDenied


def test_a_link_inside_that_leads_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "link").symlink_to("music")
    assert resolve(str(tmp_path / "link"), [bytes(tmp_path)]) == bytes(tmp_path / "music")


def test_everything_lies_inside_the_root_of_all(tmp_path: Path) -> None:
    assert resolve(str(tmp_path), [b"/"]) == os.path.realpath(bytes(tmp_path))


def test_a_neighbour_with_a_longer_name_is_outside(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music2").mkdir()
    with pytest.raises(PermissionDenied):
        resolve(str(tmp_path / "music2"), [bytes(tmp_path / "music")])


def test_a_link_that_leads_outside_is_outside(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "etc").symlink_to("/etc")
    with pytest.raises(PermissionDenied):
        resolve(str(tmp_path / "music" / "etc"), [bytes(tmp_path / "music")])


def test_what_is_not_there_is_told_only_inside(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition):
        resolve(str(tmp_path / "missing"), [bytes(tmp_path)])
    with pytest.raises(PermissionDenied):
        resolve("/missing", [bytes(tmp_path)])
    with pytest.raises(PermissionDenied):
        resolve(str(tmp_path), [])


@pytest.mark.parametrize("path", ["", "relative", "a/../..", "/with\0zero"])
def test_a_path_must_be_absolute(path: str) -> None:
    with pytest.raises(InvalidArgument):
        resolve(path, [b"/"])
