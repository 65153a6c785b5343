"""A real Envoy in front of real servers, for tests: certificates, endpoints, keys over HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import envoy
import pytest

from edge.envoy.bootstrap import EdgeSettings, write_bootstrap
from localmesh.endpoints import write_endpoints
from meshkit.certificates import ensure_certificates
from meshkit.credentials import client_credentials

START_TIMEOUT_S = 30.0
ORIGIN = "https://app.example"


@dataclass
class Edge:
    """A running Envoy."""

    url: str
    admin: Path
    statistics: str
    log: Path

    @property
    def target(self) -> str:
        """The gRPC target."""
        return self.url.removeprefix("http://")

    def access_log(self) -> list[dict[str, Any]]:
        """The lines that Envoy has written so far."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class IdentityHttp:
    """What stands in for identity's HTTP side: keys, and an echo of what a request brings."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({"path": self.path} if "jwks" not in self.path else dict(jwks))

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length", "0"))
                self._answer({"path": self.path, "bytes": len(self.rfile.read(size))})

            def _answer(self, body: Mapping[str, Any]) -> None:
                encoded = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> IdentityHttp:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextlib.contextmanager
def running_edge(
    folder: Path,
    tls: Path,
    ports: tuple[int, int],
    endpoints: Mapping[str, list[str]],
    **settings: Any,
) -> Iterator[Edge]:
    """Envoy over ``endpoints`` (addresses by cluster), once it is ready; ended when left."""
    ensure_certificates(tls)
    files = client_credentials(tls, "edge")
    xds = folder / "xds"
    xds.mkdir(parents=True)
    for cluster, addresses in endpoints.items():
        write_endpoints(xds, cluster, addresses)
    bootstrap = write_bootstrap(
        EdgeSettings(
            port=ports[0],
            admin_socket=folder / "admin.sock",
            stats_port=ports[1],
            http_tls=False,
            run_dir=folder / "run",
            xds_dir=xds,
            tls_cert_file=files.cert_file,
            tls_key_file=files.key_file,
            tls_ca_file=files.ca_file,
            **{"allow_origins": [ORIGIN], **settings},
        )
    )
    log = folder / "envoy.log"
    binary = Path(envoy.__file__).parent / "_bin" / "envoy"
    command = [str(binary), "-c", str(bootstrap), "--disable-hot-restart"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--concurrency", "1", "--log-level", "warning"],
            stdout=output,
            stderr=output,
        )
    try:
        edge = Edge(
            f"http://127.0.0.1:{ports[0]}",
            folder / "admin.sock",
            f"http://127.0.0.1:{ports[1]}",
            log,
        )
        _until_ready(edge, process)
        yield edge
    finally:
        process.terminate()
        process.wait(timeout=START_TIMEOUT_S)


def _until_ready(edge: Edge, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, edge.log.read_text()
        if _is_ready(edge.admin):
            return
        time.sleep(0.05)
    pytest.fail(f"not ready in time: {edge.log.read_text()}")


def _is_ready(admin: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(admin))
            connection.sendall(b"GET /ready HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False
