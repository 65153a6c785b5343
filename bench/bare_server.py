"""A server of gRPC alone, beside which ours is measured."""

from __future__ import annotations

from pathlib import Path

import grpc

from meshkit.testing.rpc import service_settings


def bare_server(tls: Path, workload: str) -> tuple[grpc.aio.Server, int]:
    """A server with a workload's certificate and nothing else of ours, not started; its port."""
    settings = service_settings(tls, workload)
    server = grpc.aio.server()
    credentials = grpc.ssl_server_credentials(
        [(settings.tls_key_file.read_bytes(), settings.tls_cert_file.read_bytes())],
        settings.tls_ca_file.read_bytes(),
        require_client_auth=True,
    )
    return server, server.add_secure_port("127.0.0.1:0", credentials)
