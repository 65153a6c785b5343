"""Valkey under the mesh's folder: append-only file written at once, synced every second."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from localmesh.free_ports import HOST
from localmesh.programs import valkey_server
from localmesh.readiness import ValkeyProbe
from localmesh.specs import ProcessSpec
from meshkit.private_files import write_private


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """A server whose files lie in ``folder``. The password stands in its configuration file,
    which :meth:`prepare` writes, and never on a command line.
    """

    folder: Path
    configuration: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The address at which clients reach it, password included."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def spec(self) -> ProcessSpec:
        """How the server is run."""
        return ProcessSpec(
            name="valkey",
            role="valkey",
            argv=(str(valkey_server()), str(self.configuration)),
            env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
            cwd=self.folder,
            before_start=self.prepare,
            ready=ValkeyProbe(HOST, self.port, self.password),
        )

    async def prepare(self) -> None:
        """Write the configuration file (0600)."""
        lines = (
            f"bind {HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{_quoted(self.folder)}"',
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


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
