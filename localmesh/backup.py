"""A backup of a running mesh in one file.

In it: the database cluster at one point in time, the encoded media, certificates, keys and
passwords, and what was delivered and is yet to be reported. Not in it: Valkey, whose positions are
a heartbeat old and whose other keys are caches and windows of minutes; search indexes, which are
built from the catalogue; logs and scratch space.

Media goes after the database: objects are immutable and on the disk before the database names
them, so that whatever it names at its point is there. Deliveries go before and after: a batch that
moves from a file into the database meanwhile is in one of both, and in both counts once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from localmesh import lock
from localmesh.backup_format import FORMAT, About, BackupWriter, Manifest
from localmesh.base_backup import RunningCluster
from localmesh.faults import BackupRefused, MeshNotRunning
from localmesh.keystore import Keystore
from localmesh.layout import Layout
from localmesh.output import timestamp
from localmesh.postgres import MAJOR_VERSION, SOCKET, SUPERUSER, cluster_of
from localmesh.progress import megabytes

Progress = Callable[[str, int, int], None]
"""Is told what is done, how many bytes of it, and of how many, 0 where nobody knows."""

_SPARE_BYTES = 64 << 20
_SOCKETS = ".s.PGSQL."


def back_up(layout: Layout, file: Path, version: str, on_progress: Progress) -> Manifest:
    """Write a backup of the mesh that runs in ``layout`` to ``file`` (0600), which appears whole.

    Whatever was acknowledged before the call is in it. Raises MeshNotRunning, or BackupRefused
    where ``file`` cannot be made or the mesh ended meanwhile; there is no ``file`` then.
    """
    file = file.expanduser().absolute()
    _require_new_file(layout, file)
    cluster = _running_cluster(layout)
    size, done = _size_of(layout, cluster), 0
    require_room(file.parent, size)

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        on_progress("copied", done, max(size, done))

    about = About(FORMAT, version, MAJOR_VERSION, timestamp())
    try:
        with _draft_of(file) as stream:
            writer = BackupWriter(stream, about, on_bytes)
            _add_all(writer, layout, cluster)
            return writer.finish()
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror or error}") from error


def _require_new_file(layout: Layout, file: Path) -> None:
    if file.exists():
        raise BackupRefused(f"{file} is there already; name a new file")
    if not file.parent.is_dir():
        raise BackupRefused(f"{file.parent} is no folder")
    if file.resolve().is_relative_to(layout.root):
        raise BackupRefused(f"{file} lies in the mesh's own folder and would be lost with it")


def _running_cluster(layout: Layout) -> RunningCluster:
    socket = cluster_of(layout.postgres) / SOCKET
    # Its addresses are there while all of it is ready: not while a restore is still recovering.
    if not (lock.is_held(layout.lock) and layout.addresses.exists() and socket.exists()):
        raise MeshNotRunning(layout.root)
    layout.link()
    return RunningCluster(layout.reach(socket).parent, Keystore(layout.secrets).password(SUPERUSER))


def _size_of(layout: Layout, cluster: RunningCluster) -> int:
    """About how many bytes are to be copied, and more than there will be when they are packed."""
    return cluster.size() + sum(map(_size, _files(layout.objects)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def require_room(folder: Path, size: int) -> None:
    """Raises BackupRefused where ``size`` bytes do not fit where ``folder`` is, or is to be."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free, needed = shutil.disk_usage(there).free, size + _SPARE_BYTES
    if free < needed:
        raise BackupRefused(
            f"{there} has {megabytes(free)} free, and up to {megabytes(needed)} are needed"
        )


def _add_all(writer: BackupWriter, layout: Layout, cluster: RunningCluster) -> None:
    _add_folder(writer, layout.root, layout.deliveries)
    _add_cluster(writer, cluster)
    add_objects(writer, layout.root, layout.objects)
    for folder in (layout.deliveries, layout.secrets, layout.tls):
        _add_folder(writer, layout.root, folder)


def _add_cluster(writer: BackupWriter, cluster: RunningCluster) -> None:
    writer.add_folder("postgres")
    writer.add_folder("postgres/cluster")
    for member, content in cluster.members():
        name = f"postgres/cluster/{member.name.removeprefix('./')}"
        if member.isdir():
            writer.add_folder(name)
        elif member.name.rpartition("/")[2].startswith(_SOCKETS):
            continue
        elif content is not None:
            writer.add_file(name, member.size, content)
        else:
            raise BackupRefused(f"the cluster holds {member.name}, which is no file and no folder")


def add_objects(writer: BackupWriter, root: Path, folder: Path) -> None:
    """Adds all objects, of which some may be put together into new ones before they go.

    What has taken the place of one that went is found by looking again, until nothing is new.
    """
    while _add_folder(writer, root, folder):
        continue


def _add_folder(writer: BackupWriter, root: Path, folder: Path) -> bool:
    """Adds what is not in it yet; whether there was any of that."""
    grown = False
    for path in _files(folder):
        name = path.relative_to(root).as_posix()
        if writer.has(name):
            continue
        grown = True
        try:
            source = path.open("rb")
        except FileNotFoundError:
            # A batch was reported, or files of events were put together.
            continue
        with source:
            writer.add_file(name, os.fstat(source.fileno()).st_size, source)
    return grown


def _files(folder: Path) -> Iterator[Path]:
    """The files below ``folder`` that are done: no ``.name.7``, ``name#1``, ``id.part``."""
    for path in sorted(folder.rglob("*")):
        undone = path.name.startswith(".") or "#" in path.name or path.suffix == ".part"
        if not undone and path.is_file() and not path.is_symlink():
            yield path


@contextmanager
def _draft_of(file: Path) -> Iterator[BinaryIO]:
    """A stream that becomes ``file`` at the end of the block, on the disk and in one step.

    What a killed one left, ``.NAME.part``, is written anew by the next.
    """
    draft = file.with_name(f".{file.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
    with os.fdopen(os.open(draft, flags, 0o600), "wb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(f"another backup to {file} is under way") from None
        try:
            os.fchmod(stream.fileno(), 0o600)
            stream.truncate(0)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            draft.rename(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
