"""PostgreSQL 18 under the mesh's folder: one database, a role and a schema for each service.

The server has one Unix socket in its cluster, no port, and wants a password (SCRAM) from everyone,
the superuser included. It refuses to run as root, so that under root it runs as ``nobody``, to
whom the cluster then belongs, without any capability. The folders above are closed to that user,
who is started inside and finds everything from there.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from localmesh.faults import StoreBroken
from localmesh.programs import postgres_programs, programs_for
from localmesh.readiness import PostgresProbe
from localmesh.spawning import run_tool
from localmesh.specs import Account, ProcessSpec
from meshkit.private_files import write_private

MAJOR_VERSION = 18
DATABASE = "segue"
PORT = 5432
"""It names the socket; nothing listens on it."""
SOCKET = f".s.PGSQL.{PORT}"
SUPERUSER = "postgres"
_LEFTOVER_GRACE_S = 10.0
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # One address space a backend and no room to compile queries in: these are small.
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What a statement did wrong is told to who sent it. Here it would tell of people: a statement
    # holds names, and so do the key that is taken and the word that is no number.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "%q%u ",
}


# Who may come in, and how he shows who he is.
_ADMITTED = b"local all all scram-sha-256\nlocal replication postgres scram-sha-256\n"
# Where a server that may not enter the folders above stands already.
_INSIDE = Path("/proc/self/cwd")
# Its user passes through to the cluster. What stands above is closed to everybody else.
_PASSED_THROUGH = 0o711


def cluster_of(folder: Path) -> Path:
    """Where the cluster, and the socket in it, lies in the server's folder."""
    return folder / "cluster"


def dsn_of(role: str, password: str, sockets: Path) -> str:
    """The address at which ``role`` reaches its schema by the socket in the folder ``sockets``."""
    where = f"host={quote(str(sockets), safe='')}&port={PORT}&require_auth=scram-sha-256"
    return f"postgresql://{role}:{password}@/{DATABASE}?{where}"


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A server whose cluster lies in ``folder``; ``sockets`` is the cluster, with the socket in
    it, by a path that fits into an address. ``passwords`` maps each role to its password; a role
    owns the schema of its own name and nothing else.
    """

    folder: Path
    sockets: Path
    superuser_password: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)

    @property
    def cluster(self) -> Path:
        """The cluster's own folder (PGDATA)."""
        return cluster_of(self.folder)

    def dsn(self, role: str) -> str:
        """The address at which ``role`` reaches its schema, password included."""
        return dsn_of(role, self.passwords[role], self.sockets)

    def spec(self) -> ProcessSpec:
        """How the server is run."""
        account = account_for(self.cluster)
        cluster, sockets = self.cluster, self.sockets
        if confined(account):
            cluster = sockets = _INSIDE
        settings = {**_SETTINGS, "unix_socket_directories": _quoted(sockets)}
        words = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return ProcessSpec(
            name="postgres",
            role="postgres",
            argv=(str(programs_for(account) / "postgres"), "-D", str(cluster), *words),
            env=_environment(),
            cwd=self.cluster,
            account=account,
            before_start=self.prepare,
            ready=PostgresProbe(self.sockets / SOCKET, SUPERUSER),
            once_ready=self.provision,
            # Fast shutdown: sessions are ended, a checkpoint is written.
            stop_signal=signal.SIGINT,
            parent_death_signal=signal.SIGINT,
            stop_grace_s=20.0,
        )

    async def prepare(self) -> None:
        """Make the cluster if there is none and clear what a killed server left behind.

        Raises StoreBroken when the cluster cannot be made.
        """
        account = account_for(self.cluster)
        if (self.cluster / "PG_VERSION").exists():
            await _end_leftover(self.cluster)
        else:
            await self._initialise(account)
        owner = (account.uid, account.gid) if account else None
        write_private(self.cluster / "pg_hba.conf", _ADMITTED, owner)

    async def provision(self) -> None:
        """Bring database, roles, passwords and schemas to what is wanted. Idempotent."""
        argv = (
            str(postgres_programs() / "psql"),
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set=ON_ERROR_STOP=1",
            f"--host={self.sockets}",
            f"--port={PORT}",
            f"--username={SUPERUSER}",
            "--dbname=postgres",
        )
        env = tool_environment(self.superuser_password)
        script = provisioning_script(self.passwords).encode()
        status, said = await run_tool(argv, cwd=Path("/"), env=env, stdin=script)
        if status != 0:
            raise StoreBroken(f"the database could not be provisioned: {said.strip()}")
        await self._begin_epochs_after_restore()

    async def _begin_epochs_after_restore(self) -> None:
        """Every feed of a restored cluster begins a new epoch, before any service is started."""
        restored = restored_mark(self.folder)
        if not restored.exists():
            return
        # Imported here: a start without a restore needs none of it.
        from localmesh.restored_feeds import begin_epochs

        await begin_epochs(self.dsn(role) for role in self.passwords)
        restored.unlink()

    async def _initialise(self, account: Account | None) -> None:
        """Build the cluster beside its place and move it there, so that a half is never used."""
        draft = self.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = self.folder / "initial-password"
        owner = (account.uid, account.gid) if account else None
        write_private(password, f"{self.superuser_password}\n".encode(), owner)
        if account is not None:
            os.chown(draft, account.uid, account.gid, follow_symlinks=False)
        place, word = draft, password
        if confined(account):
            place, word = _INSIDE, _INSIDE / ".." / password.name
            self.folder.chmod(_PASSED_THROUGH)
        argv = (
            str(programs_for(account) / "initdb"),
            f"--pgdata={place}",
            f"--username={SUPERUSER}",
            f"--pwfile={word}",
            "--auth-host=reject",
            "--auth-local=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        status, said = await run_tool(argv, cwd=draft, env=_environment(), account=account)
        password.unlink()
        if status != 0:
            raise StoreBroken(f"no database could be made in {self.folder}: {said.strip()}")
        draft.rename(self.cluster)


def confined(account: Account | None) -> bool:
    """Whether the server reaches its folder from within alone: as another user than ourselves."""
    return account is not None and sys.platform == "linux"


def _quoted(folder: Path) -> str:
    """A folder in a list of folders, whatever its name holds."""
    doubled = str(folder).replace('"', '""')
    return f'"{doubled}"'


def account_for(cluster: Path, effective_uid: int | None = None) -> Account | None:
    """Whom the server runs as: the caller, or for root the cluster's owner or ``nobody``.

    ``effective_uid`` defaults to the process's own.
    """
    if (os.geteuid() if effective_uid is None else effective_uid) != 0:
        return None
    if cluster.exists():
        found = cluster.stat()
        if found.st_uid != 0:
            return Account(found.st_uid, found.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def provisioning_script(passwords: Mapping[str, str]) -> str:
    """psql's input that makes the database and, for each role, its login and its schema.

    Roles and passwords come from our own tables, and are of letters, digits, ``-`` and ``_``.
    """
    database_found = f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"
    lines = [
        f"SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS ({database_found}) \\gexec",
        f"\\connect {DATABASE}",
        "BEGIN;",
        "SET LOCAL client_min_messages = warning;",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
    ]
    for role, password in passwords.items():
        role_found = f"SELECT FROM pg_roles WHERE rolname = '{role}'"
        lines += [
            f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS ({role_found}) \\gexec",
            f"ALTER ROLE {role} LOGIN PASSWORD '{password}';",
            f"ALTER ROLE {role} SET search_path = {role};",
            f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {role};",
            f"CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role};",
        ]
    return "\n".join([*lines, "COMMIT;", ""])


def restored_mark(folder: Path) -> Path:
    """What stands in the server's folder from a restore to the first start after it."""
    return folder / "restored"


def hand_over(folder: Path) -> None:
    """Give the cluster in ``folder``, which was not made by ``initdb`` there, to whom the server
    runs as.
    """
    cluster = cluster_of(folder)
    account = account_for(cluster)
    if account is None:
        return
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if confined(account):
        folder.chmod(_PASSED_THROUGH)


def tool_environment(password: str) -> dict[str, str]:
    """The environment of a program that comes in as the superuser."""
    return {**_environment(), "PGPASSWORD": password, "PGREQUIREAUTH": "scram-sha-256"}


def _environment() -> dict[str, str]:
    """What the programs need; PG* variables of the caller must not reach them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


async def _end_leftover(cluster: Path) -> None:
    """End a server that outlived its supervisor, and drop the pid file of one that did not.

    A pid file that a power cut left may name a process that has nothing to do with us; the
    server would then refuse to start.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        pid = 0
    for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not serves(pid, cluster):
            # The socket's own pid file names the same, and stands in the way as well.
            for left in (pid_file, cluster / f"{SOCKET}.lock"):
                left.unlink(missing_ok=True)
            return
        os.kill(pid, ending)
        deadline = time.monotonic() + _LEFTOVER_GRACE_S
        while serves(pid, cluster):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)
    raise StoreBroken(f"another PostgreSQL (pid {pid}) uses {cluster} and does not end")


def serves(pid: int, cluster: Path) -> bool:
    """Whether ``pid`` is a live PostgreSQL server of this cluster."""
    if pid <= 0:
        return False
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return _command_names(pid, cluster)
    try:
        # A server works in its cluster's folder.
        return (process / "cwd").resolve(strict=True) == cluster.resolve()
    except OSError:
        return False


def _command_names(pid: int, cluster: Path) -> bool:
    """The same where there is no /proc (macOS): by the server's command line."""
    argv = ("/bin/ps", "-ww", "-o", "command=", "-p", str(pid))
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    return f"-D {cluster} " in found.stdout
