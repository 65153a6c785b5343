"""Folders that one process at a time has; the kernel lets go of them when it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

_LOOK_EVERY_S = 0.05


def hold(folder: Path) -> int | None:
    """A descriptor that holds the folder until it is closed; None where another one does.

    None also where the folder is gone. Raises OSError.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have removed it meanwhile.
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def make_and_hold(folder: Path, within_s: float) -> int:
    """As :func:`hold` of a folder that is made where it is not, open to its owner alone.

    Raises OSError, after ``within_s`` where another process has it.
    """
    give_up_at = time.monotonic() + within_s
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (descriptor := hold(folder)) is not None:
            return descriptor
        if time.monotonic() >= give_up_at:
            raise OSError(errno.EBUSY, "another process has this folder", str(folder))
        time.sleep(_LOOK_EVERY_S)
