"""Scratch folders of workers that share one place; those of dead workers are swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

_LOCK = "alive"
_PREFIX = "worker-"


class LockedWorkFolders:
    """``WorkFolders``; get it from ``opened``."""

    def __init__(self, own: Path) -> None:
        self._own = own

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Path]:
        folder = Path(tempfile.mkdtemp(dir=self._own))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opened(root: Path) -> Iterator[LockedWorkFolders]:
    """A folder of this worker's own under ``root``; folders whose worker died are removed first.

    The lock file is what tells: the system frees it however a worker ends.
    """
    root.mkdir(parents=True, exist_ok=True)
    for other in root.glob(f"{_PREFIX}*"):
        _sweep(other)
    unlocked = Path(tempfile.mkdtemp(prefix="starting-", dir=root))
    with (unlocked / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Under the name that is swept only once it is locked.
        own = unlocked.rename(root / f"{_PREFIX}{unlocked.name}")
        try:
            yield LockedWorkFolders(own)
        finally:
            shutil.rmtree(own, ignore_errors=True)


def _sweep(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, BlockingIOError):
        handle = os.open(folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
