"""Files that only their owner may read: keys, passwords, addresses."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: bytes, owner: tuple[int, int] | None = None) -> None:
    """Replace ``path`` in one step by a durable file that only its owner may read (0600).

    ``owner`` is a user and a group; default: ourselves.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        if owner is not None:
            # By descriptor: the folder may be that owner's, who could exchange a path meanwhile.
            os.fchown(stream.fileno(), *owner)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
