"""A copy of the running database cluster at one point in time, by PostgreSQL's own pg_basebackup.

The copy holds the write-ahead log up to its end: a server that starts on it is where this one was
then, in every schema alike.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg

from localmesh.backup_format import Readable
from localmesh.faults import BackupRefused
from localmesh.postgres import PORT, SUPERUSER, dsn_of, tool_environment
from localmesh.programs import postgres_programs
from localmesh.spawning import child_setup

_CHUNK_BYTES = 1 << 20
# Beside the databases: what all share, and two segments of the log.
_BESIDE_BYTES = 48 << 20
_SIZE = "SELECT sum(pg_database_size(oid))::bigint FROM pg_database"
# Temporary: it ends with its session, whatever ends that.
_KEEP_LOG = "SELECT pg_create_physical_replication_slot(%s, true, true)"


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A server that is reached by its socket in the folder ``sockets``."""

    sockets: Path
    password: str = field(repr=False)

    def size(self) -> int:
        """About how many bytes a copy has. Raises BackupRefused where it does not answer."""
        with self._session() as session:
            row = session.execute(_SIZE).fetchone()
        return (int(row[0]) if row else 0) + _BESIDE_BYTES

    def members(self) -> Iterator[tuple[tarfile.TarInfo, Readable | None]]:
        """The folders and files of a copy; a file is to be read before the next is asked for.

        Nothing is missing that was acknowledged before the first. Raises BackupRefused, from the
        files too, where the server does not give all of it.
        """
        with self._session() as session, tempfile.TemporaryFile() as said:
            session.execute(_KEEP_LOG, [f"segue_backup_{os.getpid()}"])
            with self._start(said) as process:

                def broken_off_error() -> BackupRefused:
                    process.wait()
                    said.seek(0)
                    words = said.read().decode(errors="replace").strip() or "it broke off"
                    return BackupRefused(f"the database could not be copied: {words}")

                try:
                    yield from _members_of(process, broken_off_error)
                    if process.wait() != 0:
                        raise broken_off_error()
                finally:
                    process.kill()

    def _start(self, said: IO[bytes]) -> subprocess.Popen[bytes]:
        argv = (
            str(postgres_programs() / "pg_basebackup"),
            "--pgdata=-",
            "--format=tar",
            "--wal-method=fetch",
            "--checkpoint=fast",
            # The file of the backup has one of its own, of everything in it.
            "--no-manifest",
            "--no-password",
            f"--host={self.sockets}",
            f"--port={PORT}",
            f"--username={SUPERUSER}",
        )
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=tool_environment(self.password),
            preexec_fn=child_setup(),
        )

    @contextmanager
    def _session(self) -> Iterator[psycopg.Connection]:
        try:
            dsn = dsn_of(SUPERUSER, self.password, self.sockets)
            with psycopg.connect(dsn, autocommit=True) as session:
                yield session
        except psycopg.Error as error:
            raise BackupRefused(f"the database does not answer: {error}") from error


class _Content:
    """A file of the copy, whose end may be that of the copying program."""

    def __init__(self, content: IO[bytes], broken_off_error: Callable[[], BackupRefused]) -> None:
        self._content = content
        self._broken_off_error = broken_off_error

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._content.read(size)
        except tarfile.TarError as error:
            raise self._broken_off_error() from error


def _members_of(
    process: subprocess.Popen[bytes], broken_off_error: Callable[[], BackupRefused]
) -> Iterator[tuple[tarfile.TarInfo, Readable | None]]:
    """What a tar on the standard output of ``process`` holds."""
    output = process.stdout
    if output is None:
        return
    try:
        with tarfile.open(fileobj=output, mode="r|", bufsize=_CHUNK_BYTES) as tar:
            for member in tar:
                content = tar.extractfile(member)
                yield member, _Content(content, broken_off_error) if content else None
                tar.members.clear()  # type: ignore[attr-defined]
        while output.read(_CHUNK_BYTES):
            pass
    except tarfile.TarError as error:
        raise broken_off_error() from error
