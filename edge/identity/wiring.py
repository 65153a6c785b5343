"""Puts identity together: the one place that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import structlog
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    add_TokenInternalServiceServicer_to_server,
    add_UserInternalServiceServicer_to_server,
)

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.adapters.files.signing_keys import SigningKeys
from edge.identity.adapters.postgres.accounts import PostgresAccounts
from edge.identity.adapters.postgres.revocations import PostgresRevocations, prune_revoked
from edge.identity.adapters.postgres.user_feed import PostgresUserFeed
from edge.identity.domain.events import SessionRevoked
from edge.identity.http import Endpoints
from edge.identity.ports.password_hasher import PasswordHasher
from edge.identity.schema import SCHEMA
from edge.identity.servicers.plans import PlanServicer
from edge.identity.servicers.tokens import TokenServicer
from edge.identity.servicers.tokens_internal import TokenInternalServicer
from edge.identity.servicers.users import UserServicer
from edge.identity.servicers.users_internal import UserInternalServicer
from edge.identity.settings import Settings
from edge.identity.usecases.token import RevokeSession
from edge.identity.usecases.token_internal import IssueLocalToken
from edge.identity.usecases.user import CreateUser, GetMe, LookupUser
from edge.identity.usecases.user_internal import LookupUsers, WatchUsers
from meshkit.clock import utc_now
from meshkit.feeds import CaughtUp
from meshkit.http_server import serving
from meshkit.process import ServiceProcess, service_process
from meshkit.revocations import RevocationStep, Watch
from meshkit.tokens import TokenVerifier
from meshkit.ulids import new_id

_HTTP_GRACE_S = 5.0

_log = structlog.get_logger("identity")


def verifier(settings: Settings, keys: SigningKeys) -> TokenVerifier:
    """Verifies by identity's own keys: it depends on nobody to start, not even on itself."""
    return TokenVerifier(
        settings.jwks_url, settings.token_issuer, fetch=lambda _url: {"keys": keys.public_keys()}
    )


def assemble(
    process: ServiceProcess, *, hasher: PasswordHasher, keys: SigningKeys, issuer: str
) -> None:
    """Serves identity's contracts over the schema of ``process``."""
    server, pool = process.server, process.pool
    accounts = PostgresAccounts(pool)
    revocations = PostgresRevocations(pool)
    watch_users = WatchUsers(PostgresUserFeed(process.feed, pool), revocations, utc_now)
    create_user = CreateUser(accounts, hasher, utc_now, new_id)
    issue = IssueLocalToken(accounts, keys, utc_now, new_id, issuer=issuer)
    server.add(
        pb_grpc.add_UserServiceServicer_to_server,
        UserServicer(create_user, GetMe(accounts), LookupUser(accounts)),
    )
    server.add(pb_grpc.add_PlanServiceServicer_to_server, PlanServicer())
    server.add(
        pb_grpc.add_TokenServiceServicer_to_server,
        TokenServicer(RevokeSession(revocations, utc_now)),
    )
    server.add(
        add_UserInternalServiceServicer_to_server,
        UserInternalServicer(LookupUsers(accounts), watch_users, streams=server.streams),
    )
    server.add(add_TokenInternalServiceServicer_to_server, TokenInternalServicer(issue))
    process.refuse_revoked(_own_revocations(watch_users))
    process.every_hour(partial(prune_revoked, pool, utc_now))


def _own_revocations(watch_users: WatchUsers) -> Watch:
    """Identity's revocations over its own feed, for this process itself."""
    # It is cancelled, never stopped: tokens are checked until the last call has ended.
    never = asyncio.Event()

    async def watch(resume_token: str, /) -> AsyncIterator[RevocationStep]:
        async for token, event in watch_users(resume_token, stop=never):
            if isinstance(event, SessionRevoked):
                yield RevocationStep(token, event.sid, event.forget_at.timestamp())
            else:
                at = event.at if isinstance(event, CaughtUp) else None
                yield RevocationStep(token, caught_up_at=at)

    return watch


async def serve(settings: Settings) -> None:
    """Serves gRPC and HTTP until the process is told to stop, then drains both.

    Raises ``SigningKeyError``, and ``ListenError`` or ``RuntimeError`` where a port is taken.
    """
    keys, issuer = SigningKeys.load(settings.signing_key_file), settings.token_issuer
    async with service_process(settings, SCHEMA, tokens=verifier(settings, keys)) as process:
        with Argon2Hasher(threads=settings.password_threads) as hasher:
            assemble(process, hasher=hasher, keys=keys, issuer=issuer)
            endpoints = Endpoints(
                keys,
                issuer=issuer,
                public_url=settings.public_url,
                healthy=lambda: not process.server.draining.is_set(),
            )
            app, listen = endpoints.app(), settings.http_listen
            async with serving(app, listen, grace_s=_HTTP_GRACE_S) as served:
                _log.info("serving http", port=served.port)
                await process.serve()
