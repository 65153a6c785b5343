"""Tests that share what is dear to make stay together, and what waits longest begins first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import scheduling
from tests.scheduling import turn_of, unit_of

TESTS = Path(scheduling.__file__).parent


def test_a_file_is_a_unit() -> None:
    assert unit_of("tests/rpc/playback/test_queue.py::test_a") == "tests/rpc/playback/test_queue.py"
    assert unit_of("tests/unit/x/test_y.py::TestB::test_c[::]") == "tests/unit/x/test_y.py"


@pytest.mark.parametrize("folder", ["mesh", "e2e", "languages"])
def test_those_who_share_what_is_dear_are_one_unit(folder: str) -> None:
    files = sorted(path.name for path in (TESTS / folder).glob("test_*.py"))
    units = {unit_of(f"tests/{folder}/{file}::test_x") for file in files}
    own = {unit for unit in units if unit.endswith(".py")}
    assert len(units - own) == 1
    assert own <= set(scheduling.MESHES_OF_THEIR_OWN)


def test_what_has_a_mesh_of_its_own_is_there() -> None:
    for file in scheduling.MESHES_OF_THEIR_OWN:
        assert (TESTS.parent / file).is_file()


def test_what_waits_is_begun_before_what_computes() -> None:
    units = ["tests/unit/x/test_y.py", "tests/rpc/catalog/test_z.py", "tests/e2e/", "tests/mesh/"]
    assert sorted(units, key=turn_of) == units[::-1]
