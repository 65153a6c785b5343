"""Files of imports as programs read them: opened by us, so that they open nothing else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.domain.audio import SourceGone
from catalog_svc.domain.roots import why_unreadable
from catalog_svc.ports.preparation import WorkFolders

# Below are those that a shell can be told of.
_LOWEST = 10
_LONGEST_EXTENSION = 16


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A file that is open: the name by which a program that inherits ``opened`` reads it."""

    name: bytes
    opened: int


class Sources:
    """Opens files below the folders that imports may read; ``scratch`` is for their names."""

    def __init__(self, allowed: AllowedFolders, scratch: WorkFolders) -> None:
        self._allowed = allowed
        self._scratch = scratch

    @asynccontextmanager
    async def opened(self, path: bytes) -> AsyncIterator[OpenSource]:
        """The file at ``path``, open for the block; raises SourceGone."""
        opened = self.open(path)
        try:
            async with self._scratch.fresh() as folder:
                # By their ends programs know what they cannot tell by the first bytes.
                end = os.path.splitext(path)[1][:_LONGEST_EXTENSION]
                name = os.path.join(os.fsencode(folder), b"source" + end)
                os.symlink(f"/dev/fd/{opened}", name)
                yield OpenSource(name, opened)
        finally:
            os.close(opened)

    def open(self, path: bytes) -> int:
        """A descriptor of the file at ``path``; raises SourceGone."""
        try:
            opened = self._allowed.open_file(path)
        except OSError as error:
            raise SourceGone(f"it cannot be read: {why_unreadable(error)}") from None
        try:
            return fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, _LOWEST)
        finally:
            os.close(opened)
