"""A test that waits for what never comes fails; the run goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

TESTS = """
import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.timeout(1)
async def test_a_waits_while_the_loop_is_busy():
    async def ticks():
        while True:
            await asyncio.sleep(0.05)

    await asyncio.create_task(ticks())


@pytest.mark.timeout(1)
class TestsOfAClass:
    @pytest.mark.parametrize("seconds", [0, 60])
    async def test_b_is_bounded_by_the_mark_of_its_class(self, seconds):
        await asyncio.sleep(seconds)


@pytest.mark.timeout(1)
async def test_c_swallows_that_it_is_cancelled():
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)


@given(st.integers())
async def test_d_with_invented_arguments(number):
    await asyncio.sleep(0)


async def test_e_is_not_touched_by_those_before():
    await asyncio.sleep(0)
"""


def test_coroutines_that_wait_for_ever_fail_each_alone(tmp_path: Path) -> None:
    file = tmp_path / "test_waits.py"
    file.write_text(TESTS)
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-c", ROOT / "pyproject.toml")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    failed = [
        line.split("::", 1)[1].split(" ")[0]
        for line in ran.stdout.splitlines()
        if line.startswith("FAILED")
    ]
    assert sorted(failed) == [
        "TestsOfAClass::test_b_is_bounded_by_the_mark_of_its_class[60]",
        "test_a_waits_while_the_loop_is_busy",
        "test_c_swallows_that_it_is_cancelled",
    ], ran.stdout
    assert "3 failed, 3 passed" in ran.stdout
