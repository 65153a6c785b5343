"""The folders that imports may read, opened so that no link leads out of them.

A path is resolved and then opened step by step, without following any link, from the folder that
it must lie in: whoever puts a link in its place between the two is refused. What is no regular
file is not opened, so that neither a pipe nor a device holds anybody up.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from catalog_svc.domain.roots import NotAFile, OutsideRoots, inside

# To go through a folder needs no right to list it; not every system can tell the two apart.
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class AllowedFolders:
    """What may be opened below ``roots``; every method raises OSError for what cannot be."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [os.fsencode(os.path.realpath(root)) for root in roots]

    def open_folder(self, path: bytes) -> int:
        """A descriptor of a folder, links followed; raises OutsideRoots."""
        at, name = self._above(path)
        try:
            return open_folder(name, at)
        finally:
            os.close(at)

    def open_file(self, path: bytes) -> int:
        """A descriptor of a regular file, links followed; raises OutsideRoots and NotAFile."""
        at, name = self._above(path)
        try:
            return open_file(name, at)
        finally:
            os.close(at)

    def _above(self, path: bytes) -> tuple[int, bytes]:
        """A descriptor of the folder in which the path lies in truth, and its name there."""
        real = os.path.realpath(path)
        root = next((root for root in self._roots if inside(real, root)), None)
        if root is None:
            raise OutsideRoots
        steps = [name for name in real[len(root) :].split(b"/") if name]
        # What was allowed is its administrator's, and so is the way to it.
        if not steps:
            return os.open(os.path.dirname(root), _STEP), os.path.basename(root) or b"."
        at = os.open(root, _STEP)
        for name in steps[:-1]:
            above = at
            try:
                at = os.open(name, _STEP, dir_fd=above)
            finally:
                os.close(above)
        return at, steps[-1]


def open_folder(name: bytes, within: int) -> int:
    """A descriptor of a folder by its name in another, no link followed."""
    return os.open(name, _FOLDER, dir_fd=within)


def open_file(name: bytes, within: int) -> int:
    """A descriptor of a regular file by its name in a folder, no link followed.

    Raises NotAFile, and OSError. What takes its place meanwhile is opened without waiting.
    """
    _require_file(os.stat(name, dir_fd=within, follow_symlinks=False))
    opened = os.open(name, _FILE, dir_fd=within)
    try:
        _require_file(os.fstat(opened))
    except NotAFile:
        os.close(opened)
        raise
    return opened


def _require_file(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFile
