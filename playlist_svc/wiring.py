"""Puts the service together: the one place that knows every adapter."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from segue.identity.v1.identity_service_pb2 import DESCRIPTOR as IDENTITY_CONTRACT
from segue.identity.v1.identity_service_pb2_grpc import UserServiceStub

from meshkit import feeds_postgres, following_postgres, idempotency_postgres, postgres
from meshkit.background import regularly, running
from meshkit.clients import Channels
from meshkit.migrations import MigrationSource
from meshkit.migrations import migrated as apply_migrations
from meshkit.revocations import RevocationFollower, identity_revocations
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier
from playlist_svc.settings import Settings

SCHEMA = "playlist"
IDENTITY = IDENTITY_CONTRACT.services_by_name["UserService"]

_HOUR_S = 3600.0


def migrations() -> list[MigrationSource]:
    """All that the schema of this service is made of."""
    return [
        MigrationSource.of_package("playlist_svc.migrations"),
        feeds_postgres.MIGRATIONS,
        idempotency_postgres.MIGRATIONS,
        following_postgres.MIGRATIONS,
    ]


async def migrated(dsn: str) -> None:
    """Bring the schema up to date, as soon as the store answers."""
    await apply_migrations(dsn, schema=SCHEMA, sources=migrations())


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    dsn = settings.database_dsn.get_secret_value()
    tokens = TokenVerifier(settings.jwks_url, settings.token_issuer)
    server = MeshServer(settings, tokens=tokens)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            postgres.open_pool(
                dsn,
                schema=SCHEMA,
                application_name=f"playlist-{settings.instance}",
                max_size=settings.database_pool_size,
            )
        )
        channels = await stack.enter_async_context(Channels(settings))
        identity = channels.open(settings.identity_target, "identity", IDENTITY)
        following = RevocationFollower(tokens, identity_revocations(UserServiceStub(identity)))

        async def ready() -> None:
            await migrated(dsn)
            await stack.enter_async_context(running(partial(_pruning, pool)))

        await stack.enter_async_context(running(following.run))
        await server.serve(ready=ready)


def _pruning(pool: postgres.Pool) -> Coroutine[Any, Any, None]:
    return regularly(
        _HOUR_S,
        partial(idempotency_postgres.prune, pool),
        partial(feeds_postgres.prune, pool),
    )
