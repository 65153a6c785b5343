"""The process of a service: what every one of them opens, keeps up to date and closes.

A service says what it is made of, the process does the rest::

    async with service_process(settings, SCHEMA) as process:
        valkey = await process.valkey(settings.valkey_url, settings)
        identity = process.channel(settings.identity_target, "identity", USERS)
        process.refuse_revoked(identity_revocations(UserInternalServiceStub(identity)))
        process.server.add(add_ThingServiceServicer_to_server, ThingServicer(...))
        process.run(hub.run)
        await process.serve()

Nothing is waited for before ``serve``: stores and other services may come up later. Then the
schema is brought up to date as soon as its store answers, the work beside the server begins, and
the instance becomes SERVING.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from redis.asyncio import Redis
from segue.identity.v1 import identity_internal_service_pb2
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    TokenInternalServiceStub,
    UserInternalServiceStub,
)

from meshkit import feeds_postgres, postgres, valkey
from meshkit.background import regularly, running, unless
from meshkit.clients import Channels
from meshkit.consuming import GATHER_S, Consumer, Replica, Watch
from meshkit.erasure import (
    AGAIN_EVERY_S,
    ErasingReplica,
    UserChange,
    UserErasure,
    UserHolder,
    user_changes,
)
from meshkit.erasure_postgres import PostgresPendingErasures
from meshkit.feeds import ChangeFeed
from meshkit.leases import Lease
from meshkit.leases_postgres import PostgresLeases
from meshkit.replicas_postgres import PostgresReplica
from meshkit.revocations import Revocation, RevocationConsumer
from meshkit.schema import Schema
from meshkit.server import MeshServer, stop_signal
from meshkit.settings import ServiceSettings
from meshkit.store_settings import (
    StatefulSettings,
    ValkeySettings,
    VerifyingSettings,
    WorkerSettings,
)
from meshkit.tokens import TokenVerifier, identity_keys

HOUR_S = 3_600.0
_TOKENS = identity_internal_service_pb2.DESCRIPTOR.services_by_name["TokenInternalService"]

Work = Callable[[], Coroutine[Any, Any, None]]
"""What runs until it is cancelled."""

T = TypeVar("T")


class Serving:
    """A server, and the work beside it. ``tokens`` verifies users; add servicers to ``server``."""

    def __init__(self, settings: ServiceSettings, tokens: TokenVerifier) -> None:
        self.tokens = tokens
        self.server = MeshServer(settings, tokens=tokens)
        self._work: list[Work] = []
        self._first: list[Callable[[], Awaitable[object]]] = []

    def run(self, *work: Work) -> None:
        """Runs ``work`` beside the server, from when the schema stands; begun again if it fails."""
        self._work += work

    def before_serving(self, step: Callable[[], Awaitable[object]]) -> None:
        """Awaits ``step`` before the instance becomes SERVING, after all work has begun."""
        self._first.append(step)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Serves beside the block, on stores that stand, and drains; yields the port."""
        async with running(*self._work):
            port = await self.server.start()
            for step in self._first:
                await step()
            await self.server.set_serving()
            try:
                yield port
            finally:
                if not self.server.draining.is_set():
                    await self.server.drain()


class ServiceProcess(Serving):
    """One process that serves; made by ``service_process``.

    ``pool``, ``feed``, ``leases``: its schema in PostgreSQL, and the feed and leases in it.
    """

    def __init__(
        self,
        settings: StatefulSettings,
        schema: Schema,
        tokens: TokenVerifier,
        *,
        resources: AsyncExitStack,
        pool: postgres.Pool,
        feed: ChangeFeed,
    ) -> None:
        super().__init__(settings, tokens)
        self.schema = schema
        self.pool = pool
        self.feed = feed
        self.leases = PostgresLeases(pool)
        self._settings = settings
        self._resources = resources
        self._channels: Channels | None = None
        self._chores: list[Callable[[], Awaitable[object]]] = [partial(schema.prune, pool)]
        self._refuses_revoked = False

    @property
    def name(self) -> str:
        """What stores know this process as."""
        return f"{self.schema.name}-{self._settings.instance}"

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens ``resource`` and closes it when the process ends, last opened first."""
        return await self._resources.enter_async_context(resource)

    async def open_pool(self, size: int) -> postgres.Pool:
        """Another pool of connections to the schema, at most ``size``."""
        return await self.enter(_pool(self._settings, self.schema, size))

    async def valkey(self, url: str, settings: ValkeySettings) -> Redis:
        """A client of Valkey; connects lazily."""
        client = valkey.open_client(
            url,
            client_name=self.name,
            connect_timeout_s=settings.valkey_connect_s,
            command_timeout_s=settings.valkey_command_s,
        )
        return await self.enter(client)

    async def channel(
        self, target: str, workload: str, *services: ServiceDescriptor
    ) -> grpc.aio.Channel:
        """A channel to another service, see ``Channels.open``; connects lazily."""
        if self._channels is None:
            self._channels = await self.enter(Channels(self._settings))
        return self._channels.open(target, workload, *services)

    def every_hour(self, *chores: Callable[[], Awaitable[object]]) -> None:
        """Does ``chores`` each hour, after what is over its time was dropped from the schema."""
        self._chores += chores

    def refuse_revoked(
        self, watch: Watch[Revocation], *, on_erased: Sequence[Callable[[str], None]] = ()
    ) -> None:
        """Refuses the tokens of revoked sign-ins and ends their streams.

        Every service must say how it learns of them. ``on_erased`` are told the ids of users who
        were erased, in every instance: for what it holds of users in its memory.
        """
        self.run(RevocationConsumer(self.server.streams, watch, on_erased=on_erased).run)
        self._refuses_revoked = True

    def consume(
        self, feed: str, watch: Watch[T], replica: Replica[T], *, gather_s: float = GATHER_S
    ) -> None:
        """Keeps ``replica`` up to date with another service's feed; one instance at a time does.

        ``feed`` names it in logs, metrics and the lease.
        """
        lease = Lease(self.leases, f"consume-{feed}")
        self.run(Consumer(feed, watch, replica, lease=lease, gather_s=gather_s).run)

    def consume_users(
        self,
        users: UserInternalServiceStub,
        *holders: UserHolder,
        names: Replica[UserChange] | None = None,
    ) -> None:
        """Has ``holders`` forget whom identity erases, as ``meshkit.erasure`` says.

        ``names`` is told of all users; default: nothing is kept of them.
        """
        pending, lease = PostgresPendingErasures(self.pool), Lease(self.leases, "erase-again")
        erasure = UserErasure(holders, pending, lease=lease)
        replica = names or PostgresReplica[UserChange](self.pool, "identity")
        self.consume("identity", user_changes(users), ErasingReplica(replica, erasure))
        self.run(partial(regularly, AGAIN_EVERY_S, erasure.again))

    async def serve(self) -> None:
        """Serves until SIGTERM or SIGINT, and drains.

        Raises RuntimeError where nobody said how revoked tokens are refused.
        """
        if not self._refuses_revoked:
            raise RuntimeError("a service must refuse revoked tokens: see refuse_revoked")
        dsn = self._settings.database_dsn.get_secret_value()

        async def ready() -> None:
            await self.schema.migrated(dsn)
            chores = partial(regularly, HOUR_S, *self._chores)
            await self.enter(running(*self._work, chores))
            for step in self._first:
                await step()

        await self.server.serve(ready)


@asynccontextmanager
async def service_process(
    settings: StatefulSettings, schema: Schema, *, tokens: TokenVerifier | None = None
) -> AsyncIterator[ServiceProcess]:
    """A process with its schema, feed and server, which closes all that it opened.

    ``tokens`` default: what verifies tokens by the keys that identity tells, for which they must be
    ``VerifyingSettings``.
    """
    dsn = settings.database_dsn.get_secret_value()
    async with AsyncExitStack() as resources:
        tokens = tokens or await _verifier(settings, resources)
        pool = await resources.enter_async_context(
            _pool(settings, schema, settings.database_pool_size)
        )
        feed = await resources.enter_async_context(
            feeds_postgres.open_feed(dsn, schema=schema.name, pool=pool)
        )
        yield ServiceProcess(settings, schema, tokens, resources=resources, pool=pool, feed=feed)


async def _verifier(settings: StatefulSettings, resources: AsyncExitStack) -> TokenVerifier:
    """What verifies tokens by the keys that identity tells."""
    if not isinstance(settings, VerifyingSettings):
        raise TypeError("nothing says where the keys of access tokens are told")
    channels = await resources.enter_async_context(Channels(settings))
    channel = channels.open(settings.identity_target, "identity", _TOKENS)
    return TokenVerifier(identity_keys(TokenInternalServiceStub(channel)), settings.token_issuer)


async def run_worker(
    settings: WorkerSettings,
    schema: Schema,
    work: Callable[[postgres.Pool, asyncio.Event], Coroutine[Any, Any, None]],
) -> None:
    """A process that serves nobody: ``work`` until the event is set, which SIGTERM does.

    The schema is brought up to date before, as soon as its store answers.
    """
    stop = stop_signal()
    if not await unless(stop, schema.migrated(settings.database_dsn.get_secret_value())):
        return
    async with _pool(settings, schema, settings.database_pool_size) as pool:
        await work(pool, stop)


def _pool(
    settings: StatefulSettings | WorkerSettings, schema: Schema, size: int
) -> AbstractAsyncContextManager[postgres.Pool]:
    dsn, name = settings.database_dsn.get_secret_value(), f"{schema.name}-{settings.instance}"
    return postgres.open_pool(
        dsn,
        schema=schema.name,
        application_name=name,
        max_size=size,
        acquire_timeout_s=settings.database_wait_s,
    )
