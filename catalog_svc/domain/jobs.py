"""The long work of the catalogue, and in which order it is done."""

from __future__ import annotations

import enum
from dataclasses import dataclass

MAX_ATTEMPTS = 10
"""How often a file is begun before it is refused: one may take its worker down with it."""


class Work(enum.StrEnum):
    """The kinds of jobs."""

    SCAN = "scan"
    """Walk the folder of an import; the subject is the import."""
    PREPARE = "prepare"
    """Identify a file and make its first rungs; the subject is the source."""
    COMPLETE = "complete"
    """Make the other rungs; the subject is the source."""


class Priority(enum.IntEnum):
    """Higher goes first, then the oldest."""

    REST = 0
    FIRST_RUNGS = 10
    WANTED = 100


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do about a subject; queued twice it is done once."""

    work: Work
    subject: str
    priority: int

    @property
    def key(self) -> str:
        """What makes two waiting jobs the same."""
        return f"{self.work}/{self.subject}"
