"""Tests that share what is dear to make stay together, and what waits longest begins first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import scheduling
from tests.scheduling import next_unit, turn_of, unit_of

TESTS = Path(scheduling.__file__).parent


def test_a_file_is_a_unit() -> None:
    assert unit_of("tests/rpc/playback/test_queue.py::test_a") == "tests/rpc/playback/test_queue.py"
    assert unit_of("tests/unit/x/test_y.py::TestB::test_c[::]") == "tests/unit/x/test_y.py"


@pytest.mark.parametrize("folder", ["mesh", "e2e", "attack", "languages"])
def test_those_who_share_what_is_dear_are_one_unit(folder: str) -> None:
    files = sorted(path.name for path in (TESTS / folder).glob("test_*.py"))
    units = {unit_of(f"tests/{folder}/{file}::test_x") for file in files}
    own = {unit for unit in units if unit.endswith(".py")}
    assert len(units - own) == 1
    assert own <= set(scheduling.MESHES_OF_THEIR_OWN)


def test_what_has_a_mesh_of_its_own_is_there() -> None:
    for file in scheduling.MESHES_OF_THEIR_OWN:
        assert (TESTS.parent / file).is_file()


FAST, LONG = "tests/unit/x/test_y.py", "tests/rpc/catalog/test_z.py"
QUEUE = [FAST, LONG, "tests/e2e/", "tests/mesh/"]


def test_what_lasts_longest_is_begun_first_among_its_kind() -> None:
    assert sorted(QUEUE[:2], key=turn_of) == [LONG, FAST]
    assert sorted(QUEUE[2:], key=turn_of) == ["tests/mesh/", "tests/e2e/"]


@pytest.mark.parametrize(
    ("waiting", "workers", "begun"),
    [(0, 1, "tests/mesh/"), (0, 4, "tests/mesh/"), (1, 4, "tests/mesh/"), (2, 4, LONG)],
)
def test_half_of_the_workers_wait_and_half_compute(waiting: int, workers: int, begun: str) -> None:
    assert next_unit(QUEUE, waiting=waiting, workers=workers) == begun


def test_nobody_is_idle_where_only_one_kind_is_left() -> None:
    assert next_unit([FAST], waiting=0, workers=2) == FAST
    assert next_unit(["tests/e2e/"], waiting=2, workers=2) == "tests/e2e/"
