"""Every test runs on uvloop, as the services do; no property is judged by how long it takes."""

from __future__ import annotations

import gc
import os
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import uvloop

from tests.profiles import load_profile

load_profile()
# Once, before any folder's tests import them: the suites of contracts explain what failed.
pytest.register_assert_rewrite("tests.contracts")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """No garbage is looked for among what is collected: it stays until the run ends.

    Every worker collects all tests, and each full collection would walk through them again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """What each worker takes, see tests/scheduling.py; not imported where there are no workers."""
    from tests.scheduling import UnitScheduling

    return UnitScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """``-n auto``: two a core, since most tests wait for processes and their answers.

    No more than 12: each has stores of its own, and the longest units would not end sooner.
    ``-n logical``: one a core, for tests that compute.
    """
    cores = os.cpu_count() or 1
    return cores if config.option.numprocesses == "logical" else min(2 * cores, 12)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}
