"""Meshes of echo services behind a real Envoy, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localmesh.processes import Parts, ProcessTable
from localmesh.services import Service
from meshkit.credentials import Credentials, client_credentials

_TYPES = "type.googleapis.com/envoy"
_TLS = f"{_TYPES}.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_HTTP = f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions"
_MANAGER = f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPES}.extensions.filters.http.router.v3.Router"


def _service(command: str) -> Service:
    return Service(
        name="echo",
        module="echo_service",
        command=command,
        prefix="SEGUE_ECHO_",
        workload="catalog",
        grpc=True,
        database="echo",
        verifies_tokens=False,
    )


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _listener(port: int) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "echo"}}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "edge",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    name = "envoy.filters.network.http_connection_manager"
    chain = {"filters": [{"name": name, "typed_config": manager}]}
    return {"name": "edge", "address": _address(port), "filter_chains": [chain]}


def _cluster(xds: Path, files: Credentials) -> dict[str, Any]:
    source = {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": str(xds / "echo.yaml"),
            "watched_directory": {"path": str(xds)},
        },
    }
    tls = {
        "@type": _TLS,
        "common_tls_context": {
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(files.cert_file)},
                    "private_key": {"filename": str(files.key_file)},
                }
            ],
            "validation_context": {"trusted_ca": {"filename": str(files.ca_file)}},
            "alpn_protocols": ["h2"],
        },
    }
    http = {"@type": _HTTP, "explicit_http_config": {"http2_protocol_options": {}}}
    return {
        "name": "echo",
        "type": "EDS",
        "eds_cluster_config": {"eds_config": source},
        "ignore_health_on_host_removal": True,
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
        "typed_extension_protocol_options": {_HTTP.removeprefix("type.googleapis.com/"): http},
    }


def write_bootstrap(table: ProcessTable) -> Path:
    files = client_credentials(table.layout.tls, "edge")
    bootstrap = {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": {"address": {"pipe": {"path": str(table.admin_socket), "mode": 0o600}}},
        "static_resources": {
            "listeners": [_listener(table.edge_port)],
            "clusters": [_cluster(table.layout.xds, files)],
        },
    }
    path = table.layout.run / "envoy.json"
    path.write_text(json.dumps(bootstrap))
    return path


ECHO = Parts({"echo": _service("serve")}, write_bootstrap)
BROKEN = Parts({"echo": _service("fail")}, write_bootstrap)
