"""Puts identity together: the one place that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    add_TokenInternalServiceServicer_to_server,
    add_UserInternalServiceServicer_to_server,
)
from ulid import ULID

from edge.identity import http
from edge.identity.adapters import postgres as store
from edge.identity.adapters.argon2 import Argon2Hasher
from edge.identity.adapters.signing import SigningKeys
from edge.identity.domain.events import SessionRevoked
from edge.identity.ports import Accounts, PasswordHasher, Revocations, UserFeed
from edge.identity.servicers.plans import PlanServicer
from edge.identity.servicers.tokens import TokenServicer
from edge.identity.servicers.tokens_internal import TokenInternalServicer
from edge.identity.servicers.users import UserServicer
from edge.identity.servicers.users_internal import UserInternalServicer
from edge.identity.settings import Settings
from edge.identity.usecases.create_user import CreateUser
from edge.identity.usecases.find_users import FindUsers
from edge.identity.usecases.get_me import GetMe
from edge.identity.usecases.issue_token import IssueLocalToken
from edge.identity.usecases.revoke_session import RevokeSession
from edge.identity.usecases.watch_users import WatchUsers
from meshkit import feeds_postgres, postgres
from meshkit.background import regularly, running
from meshkit.feeds import CaughtUp
from meshkit.migrations import migrated as apply_migrations
from meshkit.revocations import RevocationFollower, RevocationStep
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier

_APPLICATION = "identity"
_PRUNE_EVERY_S = 3600.0

_log = structlog.get_logger("identity")


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new ULID."""
    return str(ULID())


@dataclass(frozen=True, slots=True)
class Stores:
    """Identity's stores, which share one feed."""

    accounts: Accounts
    revocations: Revocations
    feed: UserFeed


@asynccontextmanager
async def open_stores(dsn: str, pool: postgres.Pool) -> AsyncIterator[Stores]:
    """The stores of the schema behind ``pool``, whether or not the server answers yet."""
    async with feeds_postgres.open_feed(dsn, schema=store.SCHEMA, pool=pool) as changes:
        yield Stores(
            store.PostgresAccounts(pool),
            store.PostgresRevocations(pool),
            store.PostgresUserFeed(changes, pool),
        )


def add_servicers(
    server: MeshServer, stores: Stores, *, hasher: PasswordHasher, keys: SigningKeys, issuer: str
) -> None:
    """Serves identity's contracts from ``server`` over the given adapters."""
    find_users = FindUsers(stores.accounts)
    create_user = CreateUser(stores.accounts, hasher, utc_now, new_id)
    users = UserServicer(create_user, GetMe(stores.accounts), find_users)
    users_internal = UserInternalServicer(
        find_users,
        WatchUsers(stores.feed, stores.revocations, utc_now),
        streams=server.streams,
    )
    tokens = TokenServicer(RevokeSession(stores.revocations, utc_now))
    issue = IssueLocalToken(stores.accounts, keys, utc_now, new_id, issuer=issuer)
    server.add(pb_grpc.add_UserServiceServicer_to_server, users)
    server.add(pb_grpc.add_PlanServiceServicer_to_server, PlanServicer())
    server.add(pb_grpc.add_TokenServiceServicer_to_server, tokens)
    server.add(add_UserInternalServiceServicer_to_server, users_internal)
    server.add(add_TokenInternalServiceServicer_to_server, TokenInternalServicer(issue))


async def serve(settings: Settings) -> None:
    """Serves gRPC and HTTP until the process is told to stop, then drains both.

    Raises ``SigningKeyError``, and ``ListenError`` or ``RuntimeError`` where a port is taken.
    """
    keys = SigningKeys.load(settings.signing_key_file)
    issuer = settings.token_issuer
    # Its own keys need no fetching, so identity depends on nobody to start, not even itself.
    tokens = TokenVerifier(
        settings.jwks_url, issuer, fetch=lambda _url: {"keys": keys.public_keys()}
    )
    server = MeshServer(settings, tokens=tokens)
    endpoints = http.Endpoints(
        keys,
        issuer=issuer,
        public_url=settings.public_url,
        healthy=lambda: not server.draining.is_set(),
    )
    dsn = settings.database_dsn.get_secret_value()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            postgres.open_pool(
                dsn,
                schema=store.SCHEMA,
                application_name=_APPLICATION,
                max_size=settings.database_pool_size,
            )
        )
        stores = await stack.enter_async_context(open_stores(dsn, pool))
        hasher = stack.enter_context(Argon2Hasher(threads=settings.password_threads))
        add_servicers(server, stores, hasher=hasher, keys=keys, issuer=issuer)
        port = await stack.enter_async_context(http.serving(endpoints.app(), settings.http_listen))
        _log.info("serving http", port=port)

        async def ready() -> None:
            await migrated(dsn)
            await stack.enter_async_context(running(own_revocations(stores, tokens).run))
            await stack.enter_async_context(
                running(partial(regularly, _PRUNE_EVERY_S, lambda: store.prune(pool, utc_now())))
            )

        await server.serve(ready)


def own_revocations(stores: Stores, tokens: TokenVerifier) -> RevocationFollower:
    """What keeps this process's own verifier up to date, over the feed itself."""
    watch_users = WatchUsers(stores.feed, stores.revocations, utc_now)
    # It is cancelled, never stopped: tokens are checked until the last call has ended.
    never = asyncio.Event()

    async def watch(resume_token: str) -> AsyncIterator[RevocationStep]:
        async for token, event in watch_users(resume_token, stop=never):
            if isinstance(event, SessionRevoked):
                yield RevocationStep(token, event.sid, event.forget_at.timestamp())
            else:
                at = event.at if isinstance(event, CaughtUp) else None
                yield RevocationStep(token, caught_up_at=at)

    return RevocationFollower(tokens, watch)


async def migrated(dsn: str) -> None:
    """Bring the schema up to date, as soon as the store answers."""
    await apply_migrations(dsn, schema=store.SCHEMA, sources=store.migrations())
