"""The files with which workloads prove who they are; ``meshkit.certificates`` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files with which one workload speaks mutual TLS, all PEM."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def credentials(folder: Path, workload: str) -> Credentials:
    """Where a workload's files lie below ``folder``; ``ensure_certificates`` makes them."""
    return Credentials(folder / "ca.pem", folder / f"{workload}.pem", folder / f"{workload}.key")
