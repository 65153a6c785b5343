"""A certificate is good for one workload in one direction: asked over real connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.credentials import Credentials, client_credentials, server_credentials, server_name
from meshkit.testing.rpc import served
from tests.impostors import impostor, misused

_LIMIT_S = 5


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    ensure_certificates(folder)
    return folder


async def _asked(port: int, files: Credentials, *, name: str | None) -> grpc.StatusCode:
    """How a caller with ``files`` fares at a port, where ``name`` is expected; OK: well."""
    options: list[tuple[str, Any]] = [("grpc.use_local_subchannel_pool", 1)]
    if name is not None:
        options.append(("grpc.ssl_target_name_override", name))
    secrets = grpc.ssl_channel_credentials(
        files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
    )
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", secrets, options) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            await stub.Check(health_pb2.HealthCheckRequest(), timeout=_LIMIT_S)
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


async def test_a_caller_is_let_in_and_finds_whom_it_called(tls: Path) -> None:
    async with served(tls, workload="playlist") as mesh:
        for workload in WORKLOADS:
            files = client_credentials(tls, workload)
            code = await _asked(mesh.port, files, name=server_name("playlist"))
            assert code is grpc.StatusCode.OK


async def test_what_a_workload_serves_with_does_not_let_it_call(tls: Path) -> None:
    async with served(tls, workload="playlist") as mesh:
        for workload in ("catalog", "playlist", "identity"):
            files = server_credentials(tls, workload)
            code = await _asked(mesh.port, files, name=server_name("playlist"))
            assert code is grpc.StatusCode.UNAVAILABLE


async def test_a_service_cannot_serve_as_another(tls: Path) -> None:
    edge = client_credentials(tls, "edge")
    async with impostor(server_credentials(tls, "catalog")) as port:
        assert await _asked(port, edge, name=server_name("catalog")) is grpc.StatusCode.OK
        for workload in ("identity", "playback", "playlist", "media"):
            code = await _asked(port, edge, name=server_name(workload))
            assert code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("workload", ["cli", "edge", "catalog"])
async def test_what_a_workload_calls_with_does_not_let_it_serve(tls: Path, workload: str) -> None:
    edge = client_credentials(tls, "edge")
    async with impostor(client_credentials(tls, workload)) as port:
        for name in (server_name(workload), server_name("catalog"), None):
            assert await _asked(port, edge, name=name) is grpc.StatusCode.UNAVAILABLE


async def test_an_address_is_nobodys_name(tls: Path) -> None:
    edge = client_credentials(tls, "edge")
    async with impostor(server_credentials(tls, "catalog")) as port:
        for name in (None, "localhost", "127.0.0.1"):
            assert await _asked(port, edge, name=name) is grpc.StatusCode.UNAVAILABLE


async def test_the_purpose_counts_where_the_name_is_right(tls: Path) -> None:
    edge = client_credentials(tls, "edge")
    name = x509.DNSName(server_name("catalog"))
    for purpose, code in (
        (ExtendedKeyUsageOID.SERVER_AUTH, grpc.StatusCode.OK),
        (ExtendedKeyUsageOID.CLIENT_AUTH, grpc.StatusCode.UNAVAILABLE),
    ):
        async with impostor(misused(tls, purpose, name)) as port:
            assert await _asked(port, edge, name=server_name("catalog")) is code
    caller = x509.UniformResourceIdentifier("spiffe://segue.internal/edge")
    async with served(tls, workload="catalog") as mesh:
        for purpose, code in (
            (ExtendedKeyUsageOID.CLIENT_AUTH, grpc.StatusCode.OK),
            (ExtendedKeyUsageOID.SERVER_AUTH, grpc.StatusCode.UNAVAILABLE),
        ):
            files = misused(tls, purpose, caller)
            assert await _asked(mesh.port, files, name=server_name("catalog")) is code
