"""Endpoint files that the edge watches: who serves a cluster now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

UNIX = "unix:"
"""What an address begins with that is the path of a Unix socket."""


def write_endpoints(folder: Path, cluster: str, addresses: Iterable[str]) -> Path:
    """Name the addresses of ``cluster`` in ``<folder>/<cluster>.yaml``.

    They are ``host:port`` or ``unix:/path``. Written by rename inside the watched folder, which
    is what the edge notices. JSON is YAML.
    """
    endpoints = [{"endpoint": {"address": _address(address)}} for address in addresses]
    assignment = {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": endpoints}],
    }
    path = folder / f"{cluster}.yaml"
    draft = folder / f".{cluster}.{os.getpid()}"
    draft.write_text(json.dumps({"resources": [assignment]}, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def _address(address: str) -> dict[str, object]:
    if address.startswith(UNIX):
        return {"pipe": {"path": address.removeprefix(UNIX)}}
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}
