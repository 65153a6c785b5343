"""Which folders an import may read."""

from __future__ import annotations

import os
from collections.abc import Sequence

from meshkit.faults import FailedPrecondition, InvalidArgument, PermissionDenied


class OutsideRoots(OSError):
    """A file that does not lie in any folder that imports may read."""

    def __str__(self) -> str:
        return "a link leads out of the folders that imports may read"


class NotAFile(OSError):
    """Something that is no regular file, so that reading it may never end."""

    def __str__(self) -> str:
        return "it is no regular file"


def why_unreadable(error: OSError) -> str:
    """What hinders the reading of a file, in words that name no path."""
    if isinstance(error, OutsideRoots | NotAFile):
        return str(error)
    return os.strerror(error.errno or 0)


def resolve(path: str, roots: Sequence[bytes]) -> bytes:
    """The real path of ``path`` on disk, inside one of ``roots``, which are real paths.

    Raises ``InvalidArgument`` unless it is absolute, ``PermissionDenied``
    (IMPORT_PATH_NOT_ALLOWED) outside the roots, links followed, and ``FailedPrecondition``
    (IMPORT_PATH_UNREADABLE) where there is nothing to read.
    """
    if not path or not os.path.isabs(path) or "\0" in path:
        raise InvalidArgument.field("path", "must be an absolute path on the server")
    real = os.path.realpath(os.fsencode(path))
    if not any(inside(real, root) for root in roots):
        raise PermissionDenied(
            "The path does not lie inside a folder that imports may read.",
            reason="IMPORT_PATH_NOT_ALLOWED",
        )
    if not _readable(real):
        raise FailedPrecondition(
            "The path does not exist on the server, or cannot be read.",
            reason="IMPORT_PATH_UNREADABLE",
        )
    return real


def inside(path: bytes, root: bytes) -> bool:
    """Whether a real path is that of ``root``, or lies below it."""
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _readable(path: bytes) -> bool:
    mode = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
    return os.access(path, mode)
