"""Probes: how each kind of process shows that it can do its work."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from localmesh.specs import Probe
from meshkit.credentials import Credentials, server_name

_ATTEMPT_S = 2.0
_PAUSE_S = 0.05
# HealthCheckResponse{status: SERVING} on the wire; one field does not earn a protobuf import.
_SERVING = b"\x08\x01"


async def until_ready(probe: Probe) -> None:
    """Ask ``probe`` until it says yes. Bounded by the caller's timeout."""
    while not await probe.check():  # noqa: ASYNC110 - another process has no event of ours
        await asyncio.sleep(_PAUSE_S)


@asynccontextmanager
async def _connection(
    where: Path | tuple[str, int],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """To a Unix socket, or to a host and a port."""
    async with asyncio.timeout(_ATTEMPT_S):
        if isinstance(where, Path):
            reader, writer = await asyncio.open_unix_connection(where)
        else:
            reader, writer = await asyncio.open_connection(*where)
        try:
            yield reader, writer
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when the port accepts a connection."""

    host: str
    port: int

    async def check(self) -> bool:
        """See Probe."""
        try:
            async with _connection((self.host, self.port)):
                return True
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Ready when a GET of ``path`` (plain http) answers 200, at a socket or a host and port."""

    where: Path | tuple[str, int]
    path: str

    async def check(self) -> bool:
        """See Probe."""
        request = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        try:
            async with _connection(self.where) as (reader, writer):
                writer.write(request.encode("ascii"))
                status = (await reader.readline()).split(maxsplit=2)
        except (OSError, ValueError):
            return False
        return len(status) > 1 and status[1] == b"200"


@dataclass(frozen=True, slots=True)
class PostgresProbe:
    """Ready when the server asks a new connection for its password.

    A server that still starts, recovers or stops answers with an error instead.
    """

    socket: Path
    user: str

    async def check(self) -> bool:
        """See Probe."""
        words = f"user\0{self.user}\0database\0{self.user}\0\0".encode()
        startup = struct.pack("!ii", len(words) + 8, 3 << 16) + words
        try:
            async with _connection(self.socket) as (reader, writer):
                writer.write(startup)
                return await reader.readexactly(1) == b"R"
        except (OSError, asyncio.IncompleteReadError):
            return False


@dataclass(frozen=True, slots=True, repr=False)
class ValkeyProbe:
    """Ready when PING answers PONG; while it loads its file it answers an error."""

    socket: Path
    user: str
    password: str

    async def check(self) -> bool:
        """See Probe."""
        try:
            async with _connection(self.socket) as (reader, writer):
                writer.write(f"AUTH {self.user} {self.password}\r\nPING\r\n".encode("ascii"))
                answers = await reader.readline(), await reader.readline()
        except (OSError, ValueError):
            return False
        return answers == (b"+OK\r\n", b"+PONG\r\n")


@dataclass(frozen=True, slots=True)
class GrpcHealthProbe:
    """Ready when ``grpc.health.v1`` says SERVING for the whole server, over mutual TLS.

    Who serves at ``address`` must prove to be ``workload``; the probe calls with ``files``.
    """

    address: str
    workload: str
    files: Credentials

    async def check(self) -> bool:
        """See Probe."""
        host, _, port = self.address.rpartition(":")
        # grpc waits a second before it tries a refused address again; a bare connect does not.
        if not await TcpProbe(host, int(port)).check():
            return False
        # Imported late: it costs 150 ms, which the stores' start hides. Without its fork support:
        # that starts threads in a child before exec, which abort when their files are closed.
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
        import grpc

        files = self.files
        credentials = grpc.ssl_channel_credentials(
            files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
        )
        options = (
            ("grpc.enable_http_proxy", 0),
            ("grpc.ssl_target_name_override", server_name(self.workload)),
        )
        async with grpc.aio.secure_channel(self.address, credentials, options) as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/grpc.health.v1.Health/Check"
            )
            try:
                answer = await call(b"", timeout=_ATTEMPT_S)
            except grpc.aio.AioRpcError:
                return False
        return answer == _SERVING
