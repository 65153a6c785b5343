"""A folder of migrations is checked before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshkit.migrations import Migration, MigrationError, MigrationSource


@pytest.mark.parametrize(
    "name",
    ["1_short.sql", "0001-dash.sql", "0001_Upper.sql", "0001_.sql", "one.sql", "00001_a.sql"],
)
def test_another_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(MigrationError, match="is not named NNNN_name"):
        MigrationSource.of_folder("catalog", tmp_path)


def test_a_number_used_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / "0001_two.sql").touch()
    with pytest.raises(MigrationError, match=r"0001_one\.sql and 0001_two\.sql share a number"):
        MigrationSource.of_folder("catalog", tmp_path)


def test_files_come_in_order_and_others_are_left_out(tmp_path: Path) -> None:
    for name in ("0010_last.sql", "0002_first.sql", "README.md", "__init__.py"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = MigrationSource.of_folder("catalog", tmp_path)
    assert [step.name for step in found.migrations] == ["0002_first.sql", "0010_last.sql"]


def test_only_the_first_line_makes_a_file_not_transactional() -> None:
    assert Migration("0001_a.sql", "SELECT 1;\n-- not transactional\n").transactional
    single = Migration("0001_a.sql", "-- not transactional\nSELECT 1;\n\nSELECT ';x';  \n")
    assert not single.transactional
    assert [part.strip() for part in single.statements] == [
        "-- not transactional\nSELECT 1",
        "SELECT ';x'",
    ]
