"""The databases of a running mesh, as benches, tests and people with a client reach them."""

from __future__ import annotations

from pathlib import Path

from localmesh.faults import MeshNotRunning
from localmesh.keystore import Keystore
from localmesh.layout import Layout
from localmesh.postgres import dsn_of

_PORT_LINE = 3


def password_of(keystore: Keystore, role: str) -> str:
    """The password that ``role`` has in the mesh whose secrets these are."""
    return keystore.password(f"postgres-{role}")


def database_dsn(folder: Path | None, role: str) -> str:
    """The address at which ``role`` reaches its schema in the mesh of ``folder``.

    It holds while the mesh's server lives: another start may take another port. Raises
    ``MeshNotRunning`` where no server runs.
    """
    layout = Layout.at(folder)
    pid_file = layout.postgres / "cluster" / "postmaster.pid"
    try:
        port = int(pid_file.read_text(encoding="ascii").splitlines()[_PORT_LINE])
    except (OSError, IndexError, ValueError):
        raise MeshNotRunning(layout.root) from None
    return dsn_of(role, password_of(Keystore(layout.secrets), role), port)
