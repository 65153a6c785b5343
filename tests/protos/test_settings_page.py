"""docs/settings.md misses no variable that the code reads, in a settings object or out of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import environment, generate

PAGE = (Path(generate.__file__).parent / "settings.md").read_text(encoding="utf-8")
HERE = Path("localmesh/layout.py")


def test_every_variable_that_the_code_reads_is_on_the_page() -> None:
    read = {one.name for one in environment.reads()}
    assert {"SEGUE_DIR", "SEGUE_OTLP_ENDPOINT", "SEGUE_CATALOG_IMPORT_ROOTS"} <= read
    assert [name for name in read if f"| `{name}` |" not in PAGE] == []


@pytest.mark.parametrize(
    "source",
    [
        'os.environ.get("SEGUE_NEW", "")',
        'os.environ["SEGUE_NEW"]',
        'os.environ.setdefault("SEGUE_NEW", "1")',
        'os.getenv("SEGUE_NEW")',
        'found = "SEGUE_NEW" in os.environ',
        'Parameter(name="--new", env_var="SEGUE_NEW")',
        'from os import environ\nenviron.get("SEGUE_NEW")',
    ],
)
def test_a_read_is_found_however_it_is_written(source: str) -> None:
    assert [read.name for read in environment.reads_of(source, HERE)] == ["SEGUE_NEW"]


def test_a_read_by_a_constant_is_found() -> None:
    source = "os.environ.get(ENVIRONMENT_VARIABLE)"
    assert [read.name for read in environment.reads_of(source, HERE)] == ["SEGUE_DIR"]


@pytest.mark.parametrize(
    "source", ["os.environ.get(prefix + name)", "dict(os.environ)", "[n for n in os.environ]"]
)
def test_a_read_that_does_not_tell_its_variable_is_no_good(source: str) -> None:
    assert [read.name for read in environment.reads_of(source, HERE)] == [None]


def test_what_no_settings_have_is_missed_until_it_is_explained() -> None:
    assert environment.unexplained({"SEGUE_CATALOG_IMPORT_ROOTS"}) == []
    (missed,) = environment.unexplained(set())
    assert missed.startswith("localmesh/processes.py:")
    assert missed.endswith(" reads SEGUE_CATALOG_IMPORT_ROOTS")
