"""``python -m edge.identity serve``: one process, gRPC and HTTP, told to stop by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1 import identity_internal_service_pb2_grpc as pb_grpc

from meshkit.certificates import ensure_certificates
from meshkit.credentials import client_credentials, server_credentials, server_name
from tests.plain_http import PLAIN

LIMIT_S = 60


@pytest.fixture
def environment(tmp_path: Path, database_dsn: str) -> dict[str, str]:
    tls = tmp_path / "tls"
    tls.mkdir()
    ensure_certificates(tls)
    files = server_credentials(tls, "identity")
    key_file = tmp_path / "signing.pem"
    key_file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    settings = {
        "LISTEN": "127.0.0.1:0",
        "HTTP_LISTEN": "127.0.0.1:0",
        "HTTP_INSECURE": "true",
        "DATABASE_DSN": database_dsn,
        # Nobody signs up.
        "VALKEY_URL": "unix:///nowhere.sock",
        "TLS_CERT_FILE": str(files.cert_file),
        "TLS_KEY_FILE": str(files.key_file),
        "TLS_CA_FILE": str(files.ca_file),
        "SIGNING_KEY_FILE": str(key_file),
        "DRAIN_NOTICE_S": "0",
    }
    return {f"SEGUE_IDENTITY_{name}": value for name, value in settings.items()}


class Process:
    """The process under test and the lines of its log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, object]] = []

    async def line(self, event: str) -> dict[str, object]:
        """The next line of the log about ``event``."""
        assert self.process.stderr
        async for raw in self.process.stderr:
            self.lines.append(json.loads(raw))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"no {event!r} in {self.lines}")


@asynccontextmanager
async def started(environment: Mapping[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "edge.identity", "serve"),
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def local_token(environment: Mapping[str, str], port: object, tls: Path) -> str:
    files = client_credentials(tls, "cli")
    channel = grpc.aio.secure_channel(
        f"127.0.0.1:{port}",
        grpc.ssl_channel_credentials(
            files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
        ),
        options=[("grpc.ssl_target_name_override", server_name("identity"))],
    )
    async with channel:
        stub = pb_grpc.TokenInternalServiceStub(channel)
        request = pb.IssueLocalTokenRequest(username="ada")
        return (await stub.IssueLocalToken(request)).access_token


async def test_one_process_signs_and_publishes_and_stops_when_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with started(environment) as identity:
        http = (await identity.line("serving http"))["port"]
        port = (await identity.line("serving"))["port"]
        token = await local_token(environment, port, tmp_path / "tls")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}", **PLAIN) as client:
            answer = await client.get("/oauth2/jwks.json")
            assert (await client.get("/healthz")).status_code == 200
        keys = KeySet.import_key_set(answer.json())
        claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
        assert claims["iss"] == "https://segue.local"
        assert claims["exp"] > time.time()
        identity.process.send_signal(signal.SIGTERM)
        await identity.line("stopped")
        assert await identity.process.wait() == 0
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(str(http)))


async def test_it_starts_while_its_store_is_away_and_stops_when_told(
    environment: dict[str, str],
) -> None:
    environment["SEGUE_IDENTITY_DATABASE_DSN"] = "host=/nonexistent dbname=none"
    async with started(environment) as identity:
        await identity.line("waiting for the store")
        identity.process.send_signal(signal.SIGTERM)
        await identity.line("stopped")
        assert await identity.process.wait() == 0


async def test_a_signing_key_of_no_use_is_said_in_words(
    environment: dict[str, str],
) -> None:
    environment["SEGUE_IDENTITY_SIGNING_KEY_FILE"] = os.devnull
    async with started(environment) as identity:
        _, errors = await identity.process.communicate()
    assert identity.process.returncode == 2
    assert errors.decode().startswith("SEGUE_IDENTITY_SIGNING_KEY_FILE: ")
    assert "Traceback" not in errors.decode()


async def test_a_taken_port_is_named(environment: dict[str, str]) -> None:
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    environment["SEGUE_IDENTITY_HTTP_LISTEN"] = f"127.0.0.1:{port}"
    async with taken, started(environment) as identity:
        _, errors = await identity.process.communicate()
    assert identity.process.returncode == 1
    assert str(port) in errors.decode()
    assert "Traceback" not in errors.decode()
