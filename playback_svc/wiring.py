"""Puts the service together: the one place that knows every adapter."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from segue.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub
from segue.identity.v1.identity_service_pb2_grpc import PlanServiceStub, UserServiceStub
from segue.playback.v1.playback_service_pb2_grpc import (
    add_HeartbeatServiceServicer_to_server,
    add_PlaybackServiceServicer_to_server,
)
from ulid import ULID

from meshkit import postgres, valkey
from meshkit.background import running
from meshkit.capability import KeyFile
from meshkit.clients import Channels
from meshkit.migrations import MigrationSource, migrated
from meshkit.revocations import RevocationFollower, Watch, identity_revocations
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier
from playback_svc.adapters.addresses import SignedAddresses
from playback_svc.adapters.postgres import PostgresPlayerStates
from playback_svc.adapters.prometheus import PrometheusMeasures
from playback_svc.adapters.services import (
    CATALOG,
    PLANS,
    USERS,
    CachedPlans,
    CatalogueService,
)
from playback_svc.adapters.valkey_positions import ValkeyPositions
from playback_svc.adapters.valkey_wakeups import ValkeyWakeups
from playback_svc.ports.live import PositionStore
from playback_svc.ports.neighbours import Catalogue, Plans
from playback_svc.ports.states import PlayerStateStore
from playback_svc.servicers.heartbeats import HeartbeatServicer
from playback_svc.servicers.playback import PlaybackServicer
from playback_svc.settings import Settings
from playback_svc.usecases.commanding import Commander, SessionLookup
from playback_svc.usecases.control import Control, Resume
from playback_svc.usecases.get_playback import GetPlayback
from playback_svc.usecases.heartbeats import Heartbeats
from playback_svc.usecases.play import Play
from playback_svc.usecases.sweep import Expire, Sweeper

SCHEMA = "playback"
MIGRATIONS = MigrationSource.of_package("playback_svc.migrations")


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def holder_of(settings: Settings) -> str:
    """A name for a process, never given twice."""
    return f"{settings.instance}-{ULID()}"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an instance works with: stores, services and keys.

    ``holder`` is its name in the stores, which no other one ever has.
    """

    holder: str
    store: PlayerStateStore
    positions: PositionStore
    wakeups: ValkeyWakeups
    catalogue: Catalogue
    plans: Plans
    addresses: SignedAddresses


@dataclass(frozen=True, slots=True)
class Connections:
    """The parts as a real process has them, and what keeps two of them fresh."""

    parts: Parts
    plans: CachedPlans
    revocations: Watch


class StreamRevoker:
    """Refuses the tokens of a revoked sign-in, and ends the streams that it opened before."""

    def __init__(self, tokens: TokenVerifier, heartbeats: Heartbeats) -> None:
        self._tokens = tokens
        self._heartbeats = heartbeats

    def revoke(self, sid: str, forget_at: float) -> None:
        """See ``meshkit.revocations.Revoker``."""
        self._tokens.revoke(sid, forget_at)
        self._heartbeats.revoke(sid)


@dataclass(frozen=True, slots=True)
class Service:
    """The service, put together and not yet serving."""

    server: MeshServer
    heartbeats: Heartbeats
    revoker: StreamRevoker
    background: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


def assemble(settings: Settings, parts: Parts, tokens: TokenVerifier) -> Service:
    """Builds use cases and servicers on the parts, and says what runs beside the server."""
    commander = Commander(parts.store, parts.positions, parts.wakeups, now_ms)
    sessions = SessionLookup(parts.store)
    heartbeats = Heartbeats(
        parts.store,
        parts.positions,
        parts.wakeups,
        commander,
        measures=PrometheusMeasures(),
        clock=now_ms,
    )
    parts.wakeups.listen(heartbeats.hear)
    server = MeshServer(settings, tokens=tokens)
    server.add(
        add_PlaybackServiceServicer_to_server,
        _playback_servicer(settings, parts, commander, sessions),
    )
    server.add(
        add_HeartbeatServiceServicer_to_server, HeartbeatServicer(heartbeats, tokens, now_ms)
    )
    server.on_drain(
        lambda: heartbeats.drain(over_s=settings.drain_notice_s, spread_s=settings.drain_spread_s)
    )
    sweeper = Sweeper(parts.store, Expire(commander), holder=parts.holder, clock=now_ms)
    revoker = StreamRevoker(tokens, heartbeats)
    return Service(server, heartbeats, revoker, (heartbeats.run, parts.wakeups.run, sweeper.run))


def _playback_servicer(
    settings: Settings, parts: Parts, commander: Commander, sessions: SessionLookup
) -> PlaybackServicer:
    return PlaybackServicer(
        play=Play(
            commander,
            parts.catalogue,
            parts.plans,
            clock=now_ms,
            new_id=lambda: str(ULID()),
            urls_live_s=settings.urls_live_s,
        ),
        control=Control(commander, sessions),
        resume=Resume(
            commander,
            sessions,
            parts.catalogue,
            parts.plans,
            clock=now_ms,
            urls_live_s=settings.urls_live_s,
        ),
        get_playback=GetPlayback(commander, now_ms),
        addresses=parts.addresses,
    )


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Connections]:
    """What the process talks to; nothing is waited for."""
    name = f"playback-{settings.instance}"
    holder = holder_of(settings)
    async with (
        postgres.open_pool(
            settings.database_dsn.get_secret_value(),
            schema=SCHEMA,
            application_name=name,
            max_size=settings.database_pool_size,
        ) as pool,
        valkey.open_client(settings.valkey_url, client_name=name) as client,
        Channels(settings) as channels,
    ):
        catalog = channels.open(settings.catalog_target, "catalog", CATALOG)
        identity = channels.open(settings.identity_target, "identity", PLANS, USERS)
        plans = CachedPlans(PlanServiceStub(identity))
        parts = Parts(
            holder=holder,
            store=PostgresPlayerStates(pool),
            positions=ValkeyPositions(client, now_ms),
            wakeups=ValkeyWakeups(client, holder),
            catalogue=CatalogueService(CatalogServiceStub(catalog)),
            plans=plans,
            addresses=SignedAddresses(settings.public_url, KeyFile(settings.capability_keys_file)),
        )
        yield Connections(parts, plans, identity_revocations(UserServiceStub(identity)))


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    async with AsyncExitStack() as stack:
        links = await stack.enter_async_context(connected(settings))
        tokens = TokenVerifier(settings.jwks_url, settings.token_issuer)
        service = assemble(settings, links.parts, tokens)
        following = RevocationFollower(service.revoker, links.revocations)

        async def ready() -> None:
            dsn = settings.database_dsn.get_secret_value()
            await migrated(dsn, schema=SCHEMA, sources=[MIGRATIONS])

        work = (links.plans.run, links.parts.addresses.run, following.run)
        await stack.enter_async_context(running(*work, *service.background))
        await service.server.serve(ready=ready)
