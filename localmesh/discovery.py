"""How every command finds the mesh that runs on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from localmesh import lock
from localmesh.faults import MeshFault, MeshNotRunning
from localmesh.layout import Layout
from meshkit.private_files import write_private


@dataclass(frozen=True, slots=True)
class MeshAddresses:
    """Where a running mesh is reached.

    ``edge`` is the base URL of the edge. ``services`` maps a service to the ``host:port`` of its
    instances (gRPC over mutual TLS; for media ``unix:/path`` with HTTP). ``metrics`` maps an
    instance to the URL of its Prometheus page. ``pid`` is the supervisor's, ``version`` the
    distribution's.
    """

    edge: str
    services: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, str]
    pid: int
    version: str


def find_mesh(folder: Path | None = None) -> MeshAddresses:
    """The mesh that runs in ``folder`` (default: SEGUE_DIR, then the user's data folder).

    Raises MeshNotRunning when none runs there, MeshFault when one is still starting.
    """
    layout = Layout.at(folder)
    if not lock.is_held(layout.lock):
        raise MeshNotRunning(layout.root)
    try:
        found = json.loads(layout.addresses.read_bytes())
    except FileNotFoundError:
        raise MeshFault(
            f"the mesh in {layout.root} is starting or stopping; "
            f"see: segue mesh status --dir {layout.root}"
        ) from None
    return MeshAddresses(
        edge=found["edge"],
        services={name: tuple(found["services"][name]) for name in found["services"]},
        metrics=found["metrics"],
        pid=found["pid"],
        version=found["version"],
    )


def publish(layout: Layout, addresses: MeshAddresses) -> None:
    """Write the addresses file in one step."""
    write_private(layout.addresses, (json.dumps(asdict(addresses), indent=2) + "\n").encode())


def withdraw(layout: Layout) -> None:
    """Remove the addresses file; one that is not there is fine."""
    layout.addresses.unlink(missing_ok=True)
