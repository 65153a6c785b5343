"""Puts the service together: the one place that knows every adapter."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from segue.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub
from segue.identity.v1.identity_service_pb2_grpc import UserServiceStub
from segue.playlist.v1.playlist_service_pb2_grpc import add_PlaylistServiceServicer_to_server
from segue.playlist.v1.snapshot_service_pb2_grpc import add_SnapshotServiceServicer_to_server
from ulid import ULID

from meshkit import (
    feeds_postgres,
    following_postgres,
    idempotency_postgres,
    leases_postgres,
    postgres,
    valkey,
)
from meshkit.background import regularly, running
from meshkit.clients import Channels
from meshkit.feeds import ChangeFeed
from meshkit.following import Follower
from meshkit.leases import Lease
from meshkit.migrations import MigrationSource
from meshkit.migrations import migrated as apply_migrations
from meshkit.revocations import RevocationFollower, Watch, identity_revocations
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier
from playlist_svc.adapters import heads
from playlist_svc.adapters.catalogue import CATALOG, CatalogueService
from playlist_svc.adapters.identity import USERS, IdentityService
from playlist_svc.adapters.people import CachedPeople
from playlist_svc.adapters.postgres_listings import PostgresListings
from playlist_svc.adapters.postgres_people import PostgresToldNames
from playlist_svc.adapters.postgres_playlists import PostgresPlaylists
from playlist_svc.adapters.postgres_social import PostgresSocial
from playlist_svc.adapters.postgres_tracks import PostgresTracks
from playlist_svc.adapters.postgres_tracks_copy import PostgresTracksCopy
from playlist_svc.adapters.valkey_heads import ValkeyHeads
from playlist_svc.adapters.versions import Versions as KeptVersions
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import HeadCache, PlaylistStore
from playlist_svc.ports.tracks import Tracks
from playlist_svc.servicers.playlists import PlaylistServicer, UseCases
from playlist_svc.servicers.snapshots import SnapshotServicer
from playlist_svc.servicers.stream_ends import StreamEnds
from playlist_svc.settings import Settings
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.creating import CreatePlaylist
from playlist_svc.usecases.details import ChangeDetails, Deletion
from playlist_svc.usecases.editing import Editing
from playlist_svc.usecases.follow_catalogue import FollowCatalogue
from playlist_svc.usecases.following import Following
from playlist_svc.usecases.history import History
from playlist_svc.usecases.hub import Hub
from playlist_svc.usecases.listing import Listing
from playlist_svc.usecases.reading import Reading
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.undoing import GoBack
from playlist_svc.usecases.watch_changes import ArtistListing, WatchChanges
from playlist_svc.usecases.watching import WatchPlaylist
from playlist_svc.usecases.writing import Versions, Writer

SCHEMA = "playlist"

_HOUR_S = 3600.0
_PURGED_AT_ONCE = 1_000


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A new ULID."""
    return str(ULID())


def migrations() -> list[MigrationSource]:
    """All that the schema of this service is made of."""
    return [
        MigrationSource.of_package("playlist_svc.migrations"),
        feeds_postgres.MIGRATIONS,
        idempotency_postgres.MIGRATIONS,
        following_postgres.MIGRATIONS,
        leases_postgres.MIGRATIONS,
    ]


async def migrated(dsn: str) -> None:
    """Bring the schema up to date, as soon as the store answers."""
    await apply_migrations(dsn, schema=SCHEMA, sources=migrations())


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on."""

    store: PlaylistStore
    cache: HeadCache
    feed: ChangeFeed
    listings: Listings
    artists: ArtistListing
    tracks: Tracks
    people: People


@dataclass(frozen=True, slots=True)
class Service:
    """The service, put together and not yet serving."""

    server: MeshServer
    ends: StreamEnds
    background: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


def assemble(settings: Settings, parts: Parts, tokens: TokenVerifier) -> Service:
    """Builds use cases and servicers on the parts, and says what runs beside the server."""
    server = MeshServer(settings, tokens=tokens)
    ends = StreamEnds(tokens)
    server.on_drain(ends.drain)
    hub = Hub(parts.feed, parts.cache, heads.decode)
    access = Access(parts.store, parts.cache)
    writer = Writer(parts.store, access)
    versions = Versions(parts.tracks, now_ms, new_id)
    refresh = Refresh(writer, versions, parts.tracks, now_ms)
    reading = Reading(access, parts.store, parts.tracks, parts.people, refresh)
    history = History(access, parts.store, parts.people, reading)
    playlists = UseCases(
        create=CreatePlaylist(parts.store, parts.tracks, now_ms, new_id),
        change=ChangeDetails(writer, versions, access),
        deletion=Deletion(writer, access, now_ms),
        editing=Editing(writer, versions, parts.tracks, parts.people, now_ms),
        following=Following(parts.store, access, now_ms),
        reading=reading,
        listing=Listing(parts.store, parts.listings, parts.people, access),
        refresh=refresh,
        watch=WatchPlaylist(hub, access, parts.store, reading, history, refresh),
        watch_changes=WatchChanges(
            parts.feed, parts.listings, parts.artists, parts.people, heads.decode
        ),
    )
    server.add(
        add_PlaylistServiceServicer_to_server,
        PlaylistServicer(playlists, ends, server.draining),
    )
    server.add(
        add_SnapshotServiceServicer_to_server, SnapshotServicer(history, GoBack(writer, versions))
    )
    return Service(server, ends, (hub.run,))


@dataclass(frozen=True, slots=True)
class Connections:
    """The parts as a real process has them, and what it does beside serving."""

    parts: Parts
    revocations: Watch
    chores: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Connections]:
    """What the process talks to; nothing is waited for."""
    name = f"playlist-{settings.instance}"
    dsn = settings.database_dsn.get_secret_value()
    async with AsyncExitStack() as stack:
        pool, lookups = [
            await stack.enter_async_context(
                postgres.open_pool(dsn, schema=SCHEMA, application_name=name, max_size=size)
            )
            for size in (settings.database_pool_size, settings.lookup_pool_size)
        ]
        client = await stack.enter_async_context(
            valkey.open_client(settings.valkey_url, client_name=name)
        )
        feed = await stack.enter_async_context(
            feeds_postgres.open_feed(dsn, schema=SCHEMA, pool=pool)
        )
        channels = await stack.enter_async_context(Channels(settings))
        users = UserServiceStub(channels.open(settings.identity_target, "identity", USERS))
        catalogue = CatalogueService(
            CatalogServiceStub(channels.open(settings.catalog_target, "catalog", CATALOG))
        )
        cache = ValkeyHeads(client)
        store = PostgresPlaylists(pool, KeptVersions(settings.versions_bytes), cache)
        # An edit looks names up while it holds a connection, so that these come from other ones.
        tracks = PostgresTracks(lookups, catalogue)
        copy = PostgresTracksCopy(lookups)
        parts = Parts(
            store=store,
            cache=cache,
            feed=feed,
            listings=PostgresListings(pool),
            artists=PostgresSocial(pool),
            tracks=tracks,
            people=CachedPeople(IdentityService(users), PostgresToldNames(lookups), now_ms),
        )
        lease = Lease(leases_postgres.PostgresLeases(pool), "catalogue")
        following = Follower("catalog", catalogue.changes, FollowCatalogue(copy), lease=lease)
        chores = (following.run, partial(_pruning, pool, store))
        yield Connections(parts, identity_revocations(users), chores)


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    async with AsyncExitStack() as stack:
        links = await stack.enter_async_context(connected(settings))
        tokens = TokenVerifier(settings.jwks_url, settings.token_issuer)
        service = assemble(settings, links.parts, tokens)
        following = RevocationFollower(service.ends, links.revocations)

        async def ready() -> None:
            await migrated(settings.database_dsn.get_secret_value())
            await stack.enter_async_context(running(*service.background, *links.chores))

        await stack.enter_async_context(running(following.run))
        await service.server.serve(ready=ready)


def _pruning(pool: postgres.Pool, store: PlaylistStore) -> Coroutine[Any, Any, None]:
    return regularly(
        _HOUR_S,
        partial(idempotency_postgres.prune, pool),
        partial(feeds_postgres.prune, pool),
        partial(_purge, store),
    )


async def _purge(store: PlaylistStore) -> None:
    """Erases what is over its time, a bounded part of it in each transaction."""
    while await store.purge(now_ms(), _PURGED_AT_ONCE):
        continue
