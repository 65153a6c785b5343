"""Runs of an import, their files, and what a scan finds."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from catalog_svc.domain.tags import Tags

MAX_PATH_BYTES = 2_000
"""Longer paths are refused: an index entry of the store holds no more."""


class ImportState(enum.IntEnum):
    """How far a run is; the numbers are the contract's."""

    SCANNING = 1
    ENCODING = 2
    DONE = 3
    FAILED = 4


class FileState(enum.IntEnum):
    """What became of a file of a run; the numbers are the contract's."""

    PENDING = 1
    UNCHANGED = 2
    DUPLICATE = 3
    PLAYABLE = 4
    COMPLETE = 5
    FAILED = 6


TERMINAL = frozenset(
    {FileState.UNCHANGED, FileState.DUPLICATE, FileState.COMPLETE, FileState.FAILED}
)
"""States after which nothing is left to do for a file."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files of a run were found and how far they are; ``audio_ms`` is their length.

    ``playable`` counts every file with a READY rung, ``searchable`` every one with its tags read.
    """

    found: int = 0
    unchanged: int = 0
    duplicate: int = 0
    searchable: int = 0
    playable: int = 0
    complete: int = 0
    failed: int = 0
    audio_ms: int = 0

    def __add__(self, other: Counts) -> Counts:
        names = [field.name for field in fields(self)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do for any file found so far."""
        return self.found == self.unchanged + self.duplicate + self.complete + self.failed


@dataclass(frozen=True, slots=True)
class Import:
    """One run over a folder or a file; ``path`` is for people, ``root`` the bytes on disk."""

    id: str
    path: str
    root: bytes
    state: ImportState
    counts: Counts
    error: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self.state in (ImportState.DONE, ImportState.FAILED)


@dataclass(frozen=True, slots=True)
class ImportFile:
    """One file of a run; ``path`` is relative to the run's root."""

    path: bytes
    state: FileState
    track_id: str
    reason: str


class Stamp(NamedTuple):
    """What tells without reading it whether a file changed. A tuple: a rescan compares many."""

    size: int
    mtime_ns: int
    inode: int


class SourceState(enum.IntEnum):
    """How far a file on disk is, over all runs."""

    PENDING = 1
    PLAYABLE = 2
    COMPLETE = 3
    DUPLICATE = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A file on disk that is, or is to become, a track; ``audio_ms`` is its length."""

    id: str
    path: bytes
    stamp: Stamp
    state: SourceState
    track_id: str
    reason: str
    audio_ms: int


SETTLED = frozenset({SourceState.COMPLETE, SourceState.DUPLICATE, SourceState.FAILED})
"""States in which no work on a source is waiting or under way."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file that is new, changed or unsettled, and what a scan makes of it.

    ``tags`` is None where the fast pass could not tell that it is audio. A ``reason`` refuses
    the file; with ``remember`` also for later runs, as long as it does not change.
    """

    path: bytes
    stamp: Stamp | None
    tags: Tags | None = None
    reason: str = ""
    remember: bool = False


def relative(path: bytes, root: bytes) -> bytes:
    """``path`` seen from ``root``; a root that is a file itself is called by its name."""
    return os.path.basename(path) if path == root else path[len(root.rstrip(b"/")) + 1 :]
