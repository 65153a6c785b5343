"""A mesh from a backup: into an empty folder, where it is started like any other.

Keys are those of before: tokens and addresses of media that were given out hold until they expire.
What was said after the point of the backup is gone, revocations too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from localmesh.backup import Progress, require_room
from localmesh.backup_format import About, Manifest, Member, contents, require_whole
from localmesh.faults import BackupRefused
from localmesh.layout import Layout
from localmesh.postgres import MAJOR_VERSION, hand_over, restored_mark

_CHUNK_BYTES = 1 << 20
_DRAFT = "restore.part"


def restore(file: Path, layout: Layout, version: str, on_progress: Progress) -> Manifest:
    """Make the mesh of ``file`` in ``layout``, whose folder is empty or not there.

    Raises BackupRefused, before anything is written, for a folder that is not empty, for a file
    that is no whole backup or of a newer version than ``version``, and for want of room. Broken
    off, it leaves a folder in which no mesh starts and into which it can be done again.
    """
    file = file.expanduser().absolute()
    _require_empty(layout.root)
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BackupRefused(f"{file} cannot be read: {error.strerror}") from error
    with stream:
        manifest = require_whole(file, stream, _counting("checked", 0, on_progress))
        _require_known(file, manifest.about, version)
        require_room(layout.root, manifest.size)
        try:
            _restore_whole(file, stream, layout, manifest, on_progress)
        except OSError as error:
            raise BackupRefused(
                f"{layout.root} cannot be written: {error.strerror or error}"
            ) from error
    return manifest


def _counting(what: str, size: int, on_progress: Progress) -> Callable[[int], None]:
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        on_progress(what, done, size)

    return on_bytes


def _require_empty(root: Path) -> None:
    """A restore that was broken off before anything had its place is as good as empty."""
    try:
        found = {path.name for path in root.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupRefused(f"{root} cannot be used: {error.strerror}") from error
    if found - {_DRAFT}:
        raise BackupRefused(f"{root} is not empty; name an empty or new folder with --dir")


def _require_known(file: Path, about: About, version: str) -> None:
    if _numbers(about.segue) > _numbers(version):
        raise BackupRefused(
            f"{file} was made by Segue {about.segue}, which is newer than this one ({version}): "
            "restore it with that one"
        )
    if about.postgres != MAJOR_VERSION:
        raise BackupRefused(
            f"{file} holds a database of PostgreSQL {about.postgres}, and this is {MAJOR_VERSION}"
        )


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version; none of one that is unknown, which is taken for older."""
    numbers = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _restore_whole(
    file: Path, stream: BinaryIO, layout: Layout, manifest: Manifest, on_progress: Progress
) -> None:
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.root.chmod(0o700)
    draft = layout.root / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    count = _counting("restored", manifest.size, on_progress)
    for member in contents(file, stream, manifest, count):
        _write(draft, member)
    postgres = draft / layout.postgres.name
    hand_over(postgres)
    restored_mark(postgres).touch(mode=0o600)
    # Tens of thousands of files, each of which would wait for the disk by itself.
    os.sync()
    for folder in draft.iterdir():
        folder.rename(layout.root / folder.name)
    draft.rmdir()
    # Last: by it a folder is known as that of a mesh.
    layout.lock.touch(mode=0o600)
    os.sync()


def _write(draft: Path, member: Member) -> None:
    path = draft / member.name
    if member.content is None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        while chunk := member.content.read(_CHUNK_BYTES):
            target.write(chunk)
