"""The files with which workloads prove who they are; ``meshkit.certificates`` makes them.

A workload serves with one certificate and calls with another. Each is refused in the other's
place, by TLS for its purpose, and by us for what it names: the one a server, the other a caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TRUST_DOMAIN = "segue.internal"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files with which one workload speaks mutual TLS in one direction, all PEM."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def server_credentials(folder: Path, workload: str) -> Credentials:
    """What a workload serves with, below ``folder``; ``ensure_certificates`` makes it."""
    return _credentials(folder, f"{workload}.server")


def client_credentials(folder: Path, workload: str) -> Credentials:
    """What a workload calls with, below ``folder``; ``ensure_certificates`` makes it."""
    return _credentials(folder, f"{workload}.client")


def server_name(workload: str) -> str:
    """The name that the certificate of a server has, wherever it listens; its callers check it."""
    return f"{workload}.{TRUST_DOMAIN}"


def _credentials(folder: Path, stem: str) -> Credentials:
    return Credentials(folder / "ca.pem", folder / f"{stem}.pem", folder / f"{stem}.key")
