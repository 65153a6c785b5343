"""The HTTP server of a process: its port alone, bodies as they come, an end that waits."""

from __future__ import annotations

import asyncio
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from meshkit import http_server
from meshkit.certificates import ensure_certificates
from meshkit.credentials import Credentials, client_credentials, server_credentials
from meshkit.http_server import ListenError, serving
from tests.plain_http import PLAIN

PIECES = [b"one ", b"two ", b"three"]


class Telling:
    """Streams a body, and holds it after its first piece until it may go on."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.app = Starlette(routes=[Route("/", self.tell)])

    async def tell(self, request: Request) -> StreamingResponse:
        return StreamingResponse(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece
            await self.may_go_on.wait()


async def test_a_body_is_streamed_and_a_request_in_flight_outlives_the_end_of_the_server() -> None:
    telling = Telling()
    async with httpx.AsyncClient(**PLAIN) as client:
        async with serving(telling.app, "127.0.0.1:0", grace_s=30) as served:
            address = f"http://127.0.0.1:{served.port}/"
            answer = await client.send(client.build_request("GET", address), stream=True)
            pieces = answer.aiter_raw()
            assert await anext(pieces) == PIECES[0]
            asyncio.get_running_loop().call_later(0.2, telling.may_go_on.set)
        assert served.running.done()
        assert b"".join([piece async for piece in pieces]) == b"".join(PIECES[1:])
        with pytest.raises(httpx.ConnectError):
            await client.get(address)


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:port", "192.0.2.1:0"])
async def test_an_address_that_cannot_be_listened_on_is_said(listen: str) -> None:
    with pytest.raises(ListenError, match="HTTP"):
        async with serving(Telling().app, listen, grace_s=1):
            pass


async def test_a_port_that_is_taken_is_not_shared() -> None:
    app = Telling().app
    async with serving(app, "127.0.0.1:0", grace_s=1) as served:
        with pytest.raises(ListenError):
            async with serving(app, f"127.0.0.1:{served.port}", grace_s=1):
                pass


def test_an_answer_in_pieces_waits_for_no_acknowledgement() -> None:
    with http_server._listener("127.0.0.1:0") as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_socket_is_its_owners_alone_and_replaces_what_a_killed_process_left(
    tmp_path: Path,
) -> None:
    path = tmp_path / "http.sock"
    path.touch()
    telling = Telling()
    telling.may_go_on.set()
    async with serving(telling.app, f"unix:{path}", grace_s=1):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get("http://here/")).content == b"".join(PIECES)
    assert not path.exists()


async def test_over_tcp_both_sides_prove_who_they_are(tmp_path: Path) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
        ensure_certificates(tmp_path / folder)
    telling = Telling()
    telling.may_go_on.set()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    tls = server_credentials(ours, "media")
    async with serving(telling.app, "127.0.0.1:0", grace_s=1, tls=tls) as served:

        async def asked(context: ssl.SSLContext, name: str = "media.segue.internal") -> bytes:
            async with httpx.AsyncClient(verify=context, trust_env=False) as client:
                address = f"https://127.0.0.1:{served.port}/"
                names = {"sni_hostname": name}
                return (await client.get(address, extensions=names)).content

        edge = client_credentials(ours, "edge")
        assert await asked(_context(edge)) == b"".join(PIECES)
        anonymous = ssl.create_default_context(cafile=str(ours / "ca.pem"))
        stranger = _context(client_credentials(theirs, "edge"))
        serving_alone = _context(server_credentials(ours, "catalog"))
        for context in (anonymous, stranger, serving_alone):
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await asked(context)
        for name in ("identity.segue.internal", "localhost", "127.0.0.1"):
            with pytest.raises(httpx.ConnectError):
                await asked(_context(edge), name)


def _context(files: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.ca_file))
    context.load_cert_chain(files.cert_file, files.key_file)
    return context
