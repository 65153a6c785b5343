"""A real ``grpc.aio`` server with mTLS, tokens and interceptors, for tests of servicers.

async with served(tmp_path, (add_CatalogServiceServicer_to_server, servicer)) as mesh:
    stub = CatalogServiceStub(mesh.channel())
    await stub.GetTrack(request, metadata=mesh.token(scopes=["catalog.read"]))
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from joserfc import jwt
from joserfc.jwk import ECKey

from meshkit import clients
from meshkit.certificates import ensure_certificates
from meshkit.credentials import client_credentials, server_credentials, server_name
from meshkit.faults import Fault
from meshkit.process import Serving
from meshkit.scopes import operator_scopes, user_scopes
from meshkit.server import MeshServer
from meshkit.settings import ServiceSettings
from meshkit.status import remote_faults
from meshkit.tokens import TokenVerifier
from meshkit.ulids import new_id

ISSUER = "https://segue.test"
_WAIT_S = 15.0
ALL_SCOPES = (*user_scopes(), *operator_scopes())

Registration = tuple[Callable[[Any, Any], Any], Any]


class TokenIssuer:
    """Signs access tokens like identity does, with a key of its own."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "test", "use": "sig"})

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK Set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def verifier(self) -> TokenVerifier:
        """A verifier that knows these keys without asking over a network."""

        async def read() -> Mapping[str, Any]:
            return self.jwks()

        return TokenVerifier(read, ISSUER)

    def token(
        self,
        user_id: str,
        *,
        scopes: Sequence[str] = ALL_SCOPES,
        tier: str = "free",
        sid: str | None = None,
        life_s: float = 300,
        **claims: Any,
    ) -> str:
        """A signed token; ``claims`` replaces single claims, e.g. ``iss`` or ``aud``."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": "segue",
            "sub": user_id,
            "sid": sid or new_id(),
            "scope": " ".join(scopes),
            "tier": tier,
            "jti": new_id(),
            "iat": now,
            "exp": int(now + life_s),
            **claims,
        }
        return jwt.encode({"alg": "ES256", "kid": "test"}, payload, self._key)


@dataclass
class ServedMesh:
    """A server under test and what a caller needs to reach it."""

    server: MeshServer
    port: int
    issuer: TokenIssuer
    tls: Path
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    def client_channel(self, caller: str = "edge", serves_as: str = "catalog") -> grpc.aio.Channel:
        """A channel as the processes of ``caller`` have it, which raises faults."""
        return self.channel(caller, serves_as, clients.interceptors())

    def channel(
        self,
        caller: str = "edge",
        serves_as: str = "catalog",
        interceptors: Sequence[grpc.aio.ClientInterceptor] = (),
    ) -> grpc.aio.Channel:
        """A channel with the certificate of the workload ``caller``, which raises AioRpcError."""
        files = client_credentials(self.tls, caller)
        channel = grpc.aio.secure_channel(
            f"127.0.0.1:{self.port}",
            grpc.ssl_channel_credentials(
                files.ca_file.read_bytes(),
                files.key_file.read_bytes(),
                files.cert_file.read_bytes(),
            ),
            options=[
                ("grpc.ssl_target_name_override", server_name(serves_as)),
                ("grpc.use_local_subchannel_pool", 1),
            ],
            interceptors=interceptors,
        )
        self._channels.append(channel)
        return channel

    def token(self, user_id: str = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T", **rest: Any) -> Any:
        """Call metadata with a bearer token; takes what :meth:`TokenIssuer.token` takes."""
        return (("authorization", f"Bearer {self.issuer.token(user_id, **rest)}"),)

    async def close(self) -> None:
        """Closes the channels that were opened."""
        for channel in self._channels:
            await channel.close()


def service_settings(tls: Path, workload: str = "catalog", **overrides: Any) -> ServiceSettings:
    """Settings of a server under test, with certificates below ``tls``; it may call, too."""
    ensure_certificates(tls)
    files, calling = server_credentials(tls, workload), client_credentials(tls, workload)
    fields: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "tls_cert_file": files.cert_file,
        "tls_key_file": files.key_file,
        "tls_client_cert_file": calling.cert_file,
        "tls_client_key_file": calling.key_file,
        "tls_ca_file": files.ca_file,
        "token_issuer": ISSUER,
        "drain_notice_s": 0.0,
        "drain_s": 1.0,
    }
    return ServiceSettings(**{**fields, **overrides})


async def refused(call: Awaitable[object]) -> Fault:
    """The fault that a call was refused with, which must not be answered."""
    try:
        with remote_faults():
            answer = await call
    except Fault as fault:
        return fault
    raise AssertionError(f"was answered: {answer}")


async def next_message(call: Any) -> Any:
    """The next message of a stream, None at a clean end; raises the Fault of a failed call."""
    with remote_faults():
        message = await asyncio.wait_for(call.read(), _WAIT_S)
    return None if message is grpc.aio.EOF else message


@contextlib.asynccontextmanager
async def served_mesh(
    serving: Serving, tls: Path, issuer: TokenIssuer
) -> AsyncIterator[ServedMesh]:
    """Serves what was put together, with the work beside it, until left; drains at the end."""
    async with serving.served() as port:
        mesh = ServedMesh(serving.server, port, issuer, tls)
        try:
            yield mesh
        finally:
            await mesh.close()


@contextlib.asynccontextmanager
async def served(
    tls: Path,
    *registrations: Registration,
    workload: str = "catalog",
    issuer: TokenIssuer | None = None,
    register: Callable[[MeshServer], None] | None = None,
    **overrides: Any,
) -> AsyncIterator[ServedMesh]:
    """Serves servicers, each with its ``add_…_to_server``, until left; drains at the end.

    ``register`` adds those that are built of the server's own parts, e.g. its ``streams``.
    """
    issuer = issuer or TokenIssuer()
    serving = Serving(service_settings(tls, workload, **overrides), issuer.verifier())
    for add, servicer in registrations:
        serving.server.add(add, servicer)
    if register is not None:
        register(serving.server)
    async with served_mesh(serving, tls, issuer) as mesh:
        yield mesh
