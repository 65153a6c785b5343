"""Small pieces of Envoy's configuration that several parts are made of."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

Json = dict[str, Any]

_EXTENSIONS = "type.googleapis.com/envoy.extensions"


def typed(kind: str, /, **fields: Any) -> Json:
    """A typed configuration; ``kind`` is its message within ``envoy.extensions``."""
    return {"@type": f"{_EXTENSIONS}.{kind}", **fields}


def extension(name: str, kind: str, /, **fields: Any) -> Json:
    """A named extension with its typed configuration."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def seconds(value: float) -> str:
    """A google.protobuf.Duration in JSON, e.g. ``1.5s``."""
    return f"{value:g}s"


def socket_address(address: str) -> Json:
    """The Address of ``host:port``."""
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def is_numeric(address: str) -> bool:
    """Whether the host of ``host:port`` is an IP address and needs no name service."""
    try:
        ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True
