"""One supervisor a folder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from localmesh.faults import MeshAlreadyRuns
from localmesh.layout import Layout


class MeshLock:
    """Held from entering to leaving; the kernel frees it when its holder is killed.

    Entering raises MeshAlreadyRuns with the holder's pid and address.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._descriptor = -1

    def __enter__(self) -> Self:
        descriptor = os.open(self._layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise MeshAlreadyRuns(
                self._layout.root, holder(self._layout.lock), published_edge(self._layout.addresses)
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Whether a live supervisor holds the lock file at ``path``."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> int | None:
    """The pid that the lock file names, or None."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def published_edge(path: Path) -> str | None:
    """The edge's address in the addresses file, or None."""
    try:
        edge = json.loads(path.read_bytes()).get("edge")
    except (OSError, ValueError, AttributeError):
        return None
    return edge if isinstance(edge, str) else None
