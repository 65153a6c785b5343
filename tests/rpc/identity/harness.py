"""Identity over a real gRPC server with certificates, tokens and PostgreSQL, and what calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from joserfc.jwk import ECKey
from pydantic import SecretStr
from segue.identity.v1 import (
    identity_internal_service_pb2,
    identity_internal_service_pb2_grpc,
    identity_service_pb2,
    identity_service_pb2_grpc,
)

from edge.identity import wiring
from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.adapters.files.signing_keys import SigningKeys
from edge.identity.adapters.memory.sign_up_limiter import MemorySignUpLimiter
from edge.identity.assembly import assemble
from edge.identity.ports.sign_up_limiter import SignUpAllowance, SignUpLimiter
from edge.identity.schema import SCHEMA
from edge.identity.settings import Settings
from meshkit.credentials import client_credentials, server_name
from meshkit.process import service_process
from meshkit.server import MeshServer
from meshkit.testing.rpc import service_settings

pb = identity_service_pb2
internal_pb = identity_internal_service_pb2
internal_grpc = identity_internal_service_pb2_grpc
PASSWORD = "correct horse battery"


@dataclass
class Identity:
    """The service under test; ``as_*`` are the stubs of a workload."""

    server: MeshServer
    port: int
    tls: Path
    channels: dict[str, grpc.aio.Channel]

    def _channel(self, caller: str) -> grpc.aio.Channel:
        if caller not in self.channels:
            files = client_credentials(self.tls, caller)
            self.channels[caller] = grpc.aio.secure_channel(
                f"127.0.0.1:{self.port}",
                grpc.ssl_channel_credentials(
                    files.ca_file.read_bytes(),
                    files.key_file.read_bytes(),
                    files.cert_file.read_bytes(),
                ),
                options=[("grpc.ssl_target_name_override", server_name("identity"))],
            )
        return self.channels[caller]

    def users(self, caller: str = "edge") -> identity_service_pb2_grpc.UserServiceStub:
        return identity_service_pb2_grpc.UserServiceStub(self._channel(caller))

    def internal_users(self, caller: str) -> internal_grpc.UserInternalServiceStub:
        return internal_grpc.UserInternalServiceStub(self._channel(caller))

    def internal_tokens(self, caller: str) -> internal_grpc.TokenInternalServiceStub:
        return internal_grpc.TokenInternalServiceStub(self._channel(caller))

    def plans(self, caller: str = "edge") -> identity_service_pb2_grpc.PlanServiceStub:
        return identity_service_pb2_grpc.PlanServiceStub(self._channel(caller))

    def tokens(self, caller: str = "edge") -> identity_service_pb2_grpc.TokenServiceStub:
        return identity_service_pb2_grpc.TokenServiceStub(self._channel(caller))

    async def issue(self, **fields: Any) -> internal_pb.IssueLocalTokenResponse:
        fields = {"username": "ada", **fields}
        return await self.internal_tokens("cli").IssueLocalToken(
            internal_pb.IssueLocalTokenRequest(**fields)
        )


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def new_user(**fields: str) -> pb.CreateUserRequest:
    return pb.CreateUserRequest(
        **{"username": "ada", "email": "ada@example.org", "password": PASSWORD, **fields}
    )


def reason_of(error: grpc.aio.AioRpcError) -> tuple[str, dict[str, str]]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    for detail in status.details:
        found = error_details_pb2.ErrorInfo()
        if detail.Unpack(found):
            return found.reason, dict(found.metadata)
    raise AssertionError(f"no ErrorInfo in {status}")


@asynccontextmanager
async def serving(
    dsn: str,
    tls: Path,
    hasher: Argon2Hasher,
    *,
    sign_ups: SignUpLimiter | None = None,
    follows: bool = True,
) -> AsyncIterator[Identity]:
    """The service over a database; one that does not follow its feed takes revoked tokens.

    ``sign_ups`` default: as many as these tests make.
    """
    sign_ups = sign_ups or MemorySignUpLimiter(SignUpAllowance(1000, 1.0))
    keys = SigningKeys([ECKey.generate_key("P-256")])
    settings = Settings(
        **service_settings(tls, "identity").model_dump(),
        database_dsn=SecretStr(dsn),
        valkey_url="unix:///unused.sock",
        signing_key_file=Path("unused"),
    )
    tokens = wiring.verifier(settings, keys)
    async with service_process(settings, SCHEMA, tokens=tokens) as process:
        parts = wiring.stored_parts(process, hasher=hasher, sign_ups=sign_ups, keys=keys)
        process.refuse_revoked(assemble(process, settings, parts))
        if not follows:
            process.tokens.revoke = lambda _sid, _forget_at: None  # type: ignore[method-assign]
            process.tokens.revoke_user = lambda _id, _forget_at: None  # type: ignore[method-assign]
        async with process.served() as port:
            served = Identity(process.server, port, tls, {})
            yield served
            for channel in served.channels.values():
                await channel.close()
