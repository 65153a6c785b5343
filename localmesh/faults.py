"""What can go wrong with a mesh on this machine, in words for the person at the keyboard.

MeshFault
├── MeshAlreadyRuns      another supervisor holds the folder
├── MeshNotRunning       nothing runs in the folder
├── PortTaken            the edge's port belongs to another program
├── PartMissing          a program that the mesh starts is not installed
├── StartFailed          a process did not become ready; carries its last words
├── StoreBroken          a store's folder cannot be made or repaired
├── BackupRefused        a backup cannot be made, or cannot be restored
└── CommandRefused       the running mesh refused a command
"""

from __future__ import annotations

from pathlib import Path


class MeshFault(Exception):
    """A failure whose text is shown to a person as it stands."""


class MeshAlreadyRuns(MeshFault):
    """Another supervisor holds the folder. ``edge`` is None while it is still starting."""

    def __init__(self, folder: Path, pid: int | None, edge: str | None) -> None:
        where = f"at {edge}" if edge else "and is still starting or stopping"
        super().__init__(
            f"a mesh already runs in {folder} (pid {pid or 'unknown'}) {where}; "
            f"stop it with: segue mesh down --dir {folder}"
        )
        self.pid = pid
        self.edge = edge


class MeshNotRunning(MeshFault):
    """Nothing runs in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"no mesh runs in {folder}; start one with: segue mesh up --dir {folder}")


class PortTaken(MeshFault):
    """The edge's port belongs to another program."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken by another program; choose one with --port N, "
            "or let the mesh choose with --port 0"
        )
        self.port = port


class PartMissing(MeshFault):
    """A program that the mesh starts is not installed."""

    def __init__(self, part: str, package: str) -> None:
        super().__init__(f"{part} is not installed; install it with: pip install {package}")


class StartFailed(MeshFault):
    """A process did not become ready. ``last_lines`` are the newest lines of its output."""

    def __init__(self, process: str, reason: str, last_lines: tuple[str, ...]) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        words = f"; its last words:{tail}" if tail else "; it said nothing"
        super().__init__(f"{process} did not start: {reason}{words}")
        self.process = process
        self.last_lines = last_lines


class StoreBroken(MeshFault):
    """A store's folder cannot be made or repaired."""


class BackupRefused(MeshFault):
    """A backup cannot be made, or cannot be restored."""


class CommandRefused(MeshFault):
    """The running mesh refused a command."""
