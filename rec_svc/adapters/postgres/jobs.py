"""The kinds of jobs of recommendations, as whoever queues one and whoever does it know them."""

from __future__ import annotations

from typing import Final

from meshkit.jobs import Jobs, TaskSpec
from rec_svc.schema import SCHEMA

TRAIN: Final = "train"
MAKE_WEEKLY_LISTS: Final = "make-weekly-lists"
MAKE_HOMES: Final = "make-homes"

# Each is begun again after each death of its worker; what fails by its data ends by itself.
_MAX_ATTEMPTS = 50


def make_jobs() -> Jobs:
    """The kinds of jobs; a worker adds their handlers."""
    tasks = (TRAIN, MAKE_WEEKLY_LISTS, MAKE_HOMES)
    return Jobs(SCHEMA.name, [TaskSpec(task, task, _MAX_ATTEMPTS) for task in tasks])
