"""Probes against real listeners: what counts as ready and what does not."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from localmesh.faults import PortTaken
from localmesh.free_ports import PortAllocator, is_free
from localmesh.readiness import (
    GrpcHealthProbe,
    HttpProbe,
    PostgresProbe,
    TcpProbe,
    ValkeyProbe,
)
from meshkit.certificates import ensure_certificates
from meshkit.credentials import Credentials, client_credentials, server_credentials


@asynccontextmanager
async def answering(answer: bytes, socket: Path) -> AsyncIterator[int]:
    """A port and a socket that say ``answer`` to whoever comes, and hang up."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server, await asyncio.start_unix_server(reply, socket):
        yield server.sockets[0].getsockname()[1]


async def test_a_closed_port_is_not_ready_for_any_probe(
    ports: PortAllocator, tmp_path: Path
) -> None:
    port, nothing = ports.take(), tmp_path / "nothing"
    for probe in (
        TcpProbe("127.0.0.1", port),
        HttpProbe(("127.0.0.1", port), "/healthz"),
        HttpProbe(nothing, "/healthz"),
        PostgresProbe(nothing, "postgres"),
        ValkeyProbe(nothing, "supervisor", "word"),
        GrpcHealthProbe(f"127.0.0.1:{port}", "catalog", client_credentials(tmp_path, "cli")),
    ):
        assert not await probe.check(), probe


async def test_http_is_ready_at_200_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    for status, ready in ((b"200 OK", True), (b"204 No", False), (b"503 No", False)):
        answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
        async with answering(answer, path) as port:
            assert await HttpProbe(("127.0.0.1", port), "/healthz").check() is ready
            assert await HttpProbe(path, "/healthz").check() is ready


async def test_another_protocol_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    async with answering(b"EHLO\r\n", path) as port:
        assert await TcpProbe("127.0.0.1", port).check()
        assert not await HttpProbe(path, "/").check()
        assert not await PostgresProbe(path, "postgres").check()
        assert not await ValkeyProbe(path, "supervisor", "word").check()


async def test_a_store_that_still_loads_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    async with answering(b"+OK\r\n-LOADING Valkey is loading the dataset in memory\r\n", path):
        assert not await ValkeyProbe(path, "supervisor", "word").check()


def _probe(port: int, files: Credentials, workload: str = "catalog") -> GrpcHealthProbe:
    return GrpcHealthProbe(f"127.0.0.1:{port}", workload, files)


async def test_grpc_is_ready_when_the_whole_server_is_serving(tmp_path: Path) -> None:
    ensure_certificates(tmp_path)
    catalog, cli = server_credentials(tmp_path, "catalog"), client_credentials(tmp_path, "cli")
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    files = grpc.ssl_server_credentials(
        [(catalog.key_file.read_bytes(), catalog.cert_file.read_bytes())],
        catalog.ca_file.read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", files)
    await server.start()
    try:
        statuses = health_pb2.HealthCheckResponse
        await servicer.set("", statuses.NOT_SERVING)
        assert not await _probe(port, cli).check()
        await servicer.set("", statuses.SERVING)
        assert await _probe(port, cli).check()
        assert not await _probe(port, cli, workload="identity").check()

        (tmp_path / "stranger").mkdir()
        ensure_certificates(tmp_path / "stranger")
        assert not await _probe(port, client_credentials(tmp_path / "stranger", "cli")).check()
    finally:
        await server.stop(None)


def test_internal_ports_are_free_distinct_and_below_those_of_outgoing_connections() -> None:
    ports = PortAllocator()
    taken = {ports.take() for _ in range(50)}
    assert len(taken) == 50
    assert all(20000 <= port < 32000 and is_free(port) for port in taken)


def test_two_that_hand_out_ports_at_once_hand_out_different_ones() -> None:
    one, other = PortAllocator(), PortAllocator()
    taken = [ports.take() for _ in range(120) for ports in (one, other)]
    assert len(set(taken)) == len(taken)


def test_a_port_that_was_given_back_is_handed_out_after_all_others() -> None:
    ports = PortAllocator()
    first = ports.take()
    ports.give_back(first)
    later = [ports.take() for _ in range(20)]
    assert first not in later


def test_a_port_that_is_held_is_nobody_elses_before_anybody_listens() -> None:
    ports = PortAllocator()
    port = ports.held()
    assert not is_free(port)
    with pytest.raises(PortTaken, match=f"port {port} is taken"):
        PortAllocator().held(port)
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind(("127.0.0.1", port))
        ours.listen()
        socket.create_connection(("127.0.0.1", port)).close()
    assert not is_free(port)
    del ports
    gc.collect()
    assert is_free(port)


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_free(listener.getsockname()[1])
