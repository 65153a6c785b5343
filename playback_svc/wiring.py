"""Puts the service together: the one place that chooses adapters."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.identity.v1.identity_service_pb2_grpc import PlanServiceStub
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    PlaylistInternalServiceStub,
    SocialInternalServiceStub,
)
from segue.rec.v1.radio_internal_service_pb2_grpc import RadioInternalServiceStub

from meshkit.capability import KeyFile
from meshkit.clock import now_ms
from meshkit.process import ServiceProcess, service_process
from meshkit.replicas_postgres import PostgresReplica
from meshkit.revocations import identity_revocations
from meshkit.ulids import new_id
from playback_svc.adapters.addresses import SignedAddresses
from playback_svc.adapters.grpc.accounts import account_changes
from playback_svc.adapters.grpc.catalogue import CATALOG, CatalogueService
from playback_svc.adapters.grpc.plans import PLANS, USERS, CachedPlans
from playback_svc.adapters.grpc.playlists import PLAYLISTS, SOCIAL, FriendService, PlaylistService
from playback_svc.adapters.grpc.radios import RADIOS, RadioService
from playback_svc.adapters.postgres.deliveries import PostgresDeliveries
from playback_svc.adapters.postgres.denials import PostgresDenials
from playback_svc.adapters.postgres.mailboxes import PostgresMailboxes
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.plays import PostgresPlays
from playback_svc.adapters.postgres.told_plans import PostgresToldPlans
from playback_svc.adapters.postgres.upkeep import PostgresUpkeep
from playback_svc.adapters.postgres.user_records import PostgresUserRecords
from playback_svc.adapters.postgres.user_snapshots import PostgresUserSnapshots
from playback_svc.adapters.prometheus import PrometheusMetrics
from playback_svc.adapters.valkey.events import ValkeyEventBus
from playback_svc.adapters.valkey.positions import ValkeyPositions
from playback_svc.adapters.valkey.preferences import ValkeyPreferences
from playback_svc.adapters.valkey.skips import ValkeySkipWindows
from playback_svc.assembly import Parts, assemble, take_back
from playback_svc.ports.accounts import AccountChange
from playback_svc.ports.clients import Plans
from playback_svc.schema import SCHEMA
from playback_svc.settings import Settings
from playback_svc.usecases.taking_back import TakingBackReplica
from playback_svc.usecases.user_erasure import PlaybackOfUser


def holder_of(settings: Settings) -> str:
    """A name for a process, never given twice."""
    return f"{settings.instance}-{new_id()}"


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    async with service_process(settings, SCHEMA) as process:
        identity = await process.channel(settings.identity_target, "identity", PLANS, USERS)
        plans = CachedPlans(PlanServiceStub(identity))
        addresses = SignedAddresses(
            settings.public_url, KeyFile(settings.capability_keys_file), settings.urls_live_s
        )
        parts = await connect(process, settings, plans, addresses)
        assemble(process, settings, parts)
        users = UserInternalServiceStub(identity)
        process.refuse_revoked(identity_revocations(users))
        process.consume_users(users, held_of_users(process, parts))
        place = PostgresReplica[AccountChange](process.pool, "accounts")
        replica = TakingBackReplica(place, take_back(parts), parts.told_plans)
        process.consume("accounts", account_changes(users), replica)
        process.run(plans.run, addresses.run)
        await process.serve()


def held_of_users(process: ServiceProcess, parts: Parts) -> PlaybackOfUser:
    """What is to be erased with a user."""
    records = PostgresUserRecords(process.pool)
    return PlaybackOfUser(records, parts.positions, parts.preferences, parts.skips)


async def connect(
    process: ServiceProcess, settings: Settings, plans: Plans, addresses: SignedAddresses
) -> Parts:
    """The parts as a real process has them; nothing is waited for."""
    client = await process.valkey(settings.valkey_url, settings)
    catalog = await process.channel(settings.catalog_target, "catalog", CATALOG)
    playlist = await process.channel(settings.playlist_target, "playlist", PLAYLISTS, SOCIAL)
    rec = await process.channel(settings.rec_target, "rec", RADIOS)
    return stored_parts(
        process,
        settings,
        client,
        catalogue=CatalogueService(CatalogInternalServiceStub(catalog)),
        playlists=PlaylistService(PlaylistInternalServiceStub(playlist)),
        radios=RadioService(RadioInternalServiceStub(rec)),
        friends=FriendService(SocialInternalServiceStub(playlist)),
        plans=plans,
        addresses=addresses,
    )


def stored_parts(
    process: ServiceProcess, settings: Settings, client: Redis, **others: Any
) -> Parts:
    """The parts over the schema of ``process`` and Valkey; ``others`` are those of no store."""
    pool, holder = process.pool, holder_of(settings)
    denials = PostgresDenials(pool)
    events = ValkeyEventBus(
        client,
        holder,
        stored_within_s=settings.presence_wait_s,
        silent_s=settings.inbox_silent_s,
    )
    return Parts(
        holder=holder,
        leases=process.leases,
        store=PostgresPlayerStates(pool),
        mailboxes=PostgresMailboxes(pool),
        upkeep=PostgresUpkeep(pool),
        plays=PostgresPlays(pool),
        deliveries=PostgresDeliveries(pool),
        denials=denials,
        sign_ins=denials,
        told_plans=PostgresToldPlans(pool),
        feed=process.feed,
        preferences=ValkeyPreferences(client),
        snapshots=PostgresUserSnapshots(pool),
        positions=ValkeyPositions(client, now_ms),
        events=events,
        presence=events,
        skips=ValkeySkipWindows(client, now_ms),
        metrics=PrometheusMetrics(),
        **others,
    )
