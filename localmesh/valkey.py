"""Valkey under the mesh's folder: append-only file written at once, synced every second.

It has a Unix socket and no port. Each service has a user of its own, who may touch the keys and
channels of that service and nothing that is not meant for clients.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from localmesh.programs import valkey_server
from localmesh.readiness import ValkeyProbe
from localmesh.specs import ProcessSpec
from meshkit.private_files import write_private

SOCKET = "valkey.sock"
_PROBE = "supervisor"


@dataclass(frozen=True, slots=True)
class ValkeyUser:
    """Someone who may come in. ``keys`` and ``channels`` are patterns of what is his."""

    password: str = field(repr=False)
    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """A server whose files lie in ``folder``, and whose socket is reached at ``socket``.

    Passwords stand in its configuration file as digests, which :meth:`prepare` writes, and never
    on a command line. ``password`` is the supervisor's own, who may do no more than ask whether it
    is up; ``users`` are the others by name.
    """

    folder: Path
    configuration: Path
    socket: Path
    password: str = field(repr=False)
    users: Mapping[str, ValkeyUser] = field(repr=False)

    def url(self, user: str) -> str:
        """The address at which ``user`` reaches it, password included."""
        return f"unix://{user}:{self.users[user].password}@{quote(str(self.socket))}?db=0"

    def spec(self) -> ProcessSpec:
        """How the server is run."""
        return ProcessSpec(
            name="valkey",
            role="valkey",
            argv=(str(valkey_server()), str(self.configuration)),
            env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
            cwd=self.folder,
            before_start=self.prepare,
            ready=ValkeyProbe(self.socket, _PROBE, self.password),
        )

    async def prepare(self) -> None:
        """Write the configuration file (0600)."""
        lines = (
            "port 0",
            f"unixsocket {_quoted(self.socket)}",
            "unixsocketperm 700",
            "user default reset",
            f"user {_PROBE} reset on {_digest(self.password)} +ping",
            *(_admitted(name, user) for name, user in self.users.items()),
            f"dir {_quoted(self.folder)}",
            "appendonly yes",
            "appendfsync everysec",
            # A power cut tears the last write; the rest of the file is whole.
            "aof-load-truncated yes",
            'save ""',
            "daemonize no",
            "loglevel warning",
            'logfile ""',
        )
        write_private(self.configuration, "".join(f"{line}\n" for line in lines).encode())


def _admitted(name: str, user: ValkeyUser) -> str:
    """The line that lets a service in, to what is its own."""
    keys, channels = (f"~{key}" for key in user.keys), (f"&{channel}" for channel in user.channels)
    commands = ("+@all", "-@admin", "-@dangerous")
    words = ("user", name, "reset", "on", _digest(user.password), *keys, *channels, *commands)
    return " ".join(words)


def _digest(password: str) -> str:
    return "#" + hashlib.sha256(password.encode("ascii")).hexdigest()


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
