"""The databases of a running mesh, as benches, tests and people with a client reach them."""

from __future__ import annotations

from pathlib import Path

from localmesh.faults import MeshNotRunning
from localmesh.keystore import Keystore
from localmesh.layout import Layout
from localmesh.postgres import SOCKET, cluster_of, dsn_of


def password_of(keystore: Keystore, role: str) -> str:
    """The password that ``role`` has in the mesh whose secrets these are."""
    return keystore.password(f"postgres-{role}")


def database_dsn(folder: Path | None, role: str) -> str:
    """The address at which ``role`` reaches its schema in the mesh of ``folder``.

    Raises ``MeshNotRunning`` where no server runs.
    """
    layout = Layout.at(folder)
    socket = cluster_of(layout.postgres) / SOCKET
    if not socket.exists():
        raise MeshNotRunning(layout.root)
    layout.link()
    return dsn_of(role, password_of(Keystore(layout.secrets), role), layout.reach(socket).parent)
