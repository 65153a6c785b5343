"""Puts the catalogue together: the one place that knows every adapter."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import structlog
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    add_CatalogInternalServiceServicer_to_server,
    add_SearchInternalServiceServicer_to_server,
)
from segue.identity.v1.identity_internal_service_pb2 import DESCRIPTOR as IDENTITY_CONTRACT
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.playback.v1.playback_internal_service_pb2 import DESCRIPTOR as HISTORY_CONTRACT
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub
from segue.playlist.v1.playlist_internal_service_pb2 import DESCRIPTOR as PLAYLIST_CONTRACT
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from catalog_svc.adapters import work_folders
from catalog_svc.adapters.audio import ProgramAudio
from catalog_svc.adapters.fast_tags import FastTags
from catalog_svc.adapters.memory_most_played import MemoryMostPlayed
from catalog_svc.adapters.objects import HashedObjects
from catalog_svc.adapters.play_changes import play_changes
from catalog_svc.adapters.playlist_changes import playlist_changes
from catalog_svc.adapters.postgres_browsing import PostgresBrowsing
from catalog_svc.adapters.postgres_edits import PostgresEdits
from catalog_svc.adapters.postgres_imports import PostgresImports
from catalog_svc.adapters.postgres_listing import PostgresListing
from catalog_svc.adapters.postgres_play_orders import PostgresPlayOrders
from catalog_svc.adapters.postgres_playlists import PostgresPlaylists
from catalog_svc.adapters.postgres_plays import PostgresPlays
from catalog_svc.adapters.postgres_preparation import PostgresPreparation
from catalog_svc.adapters.postgres_queue import (
    ENCODE_QUEUE,
    SCAN_QUEUE,
    SCHEMA,
    Queue,
    make_jobs,
)
from catalog_svc.adapters.postgres_reads import PostgresCatalogue
from catalog_svc.adapters.postgres_scan import PostgresScanStore
from catalog_svc.adapters.postgres_titles import fold_titles
from catalog_svc.adapters.valkey_most_played import ValkeyMostPlayed
from catalog_svc.adapters.walk import FolderWalk
from catalog_svc.domain.jobs import Work
from catalog_svc.domain.playlists import Told
from catalog_svc.domain.plays import Play
from catalog_svc.ports.plays import MostPlayedCache
from catalog_svc.servicers.catalog import CatalogServicer
from catalog_svc.servicers.catalog_internal import CatalogInternalServicer
from catalog_svc.servicers.imports import ImportServicer
from catalog_svc.settings import Settings
from catalog_svc.usecases.browse import Browse
from catalog_svc.usecases.edit_catalogue import EditCatalogue
from catalog_svc.usecases.follow_import import FollowImport
from catalog_svc.usecases.list_names import ListNames
from catalog_svc.usecases.lookup_assets import LookupAssets
from catalog_svc.usecases.play_orders import FindPlayOrders
from catalog_svc.usecases.prepare_track import PrepareTrack
from catalog_svc.usecases.ready_track import ReadyTrack
from catalog_svc.usecases.scan_import import ScanImport
from catalog_svc.usecases.start_import import StartImport
from catalog_svc.usecases.tell_streams import EVERY_S, TellStreams
from catalog_svc.usecases.top_tracks import TopTracks
from catalog_svc.usecases.watch_changes import WatchChanges
from meshkit import (
    feeds_postgres,
    following_postgres,
    idempotency_postgres,
    jobs,
    leases_postgres,
    postgres,
    telemetry,
    valkey,
)
from meshkit.background import regularly, running
from meshkit.clients import Channels
from meshkit.following import Follower
from meshkit.jobs import Jobs
from meshkit.leases import Lease
from meshkit.migrations import MigrationSource
from meshkit.migrations import migrated as apply_migrations
from meshkit.revocations import RevocationFollower, identity_revocations
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier

_PRUNE_EVERY_S = 3600.0
# The plays of this long are summed before a track is written: counting is in no hurry.
_GATHER_PLAYS_S = 0.5
PLAYLIST = PLAYLIST_CONTRACT.services_by_name["PlaylistInternalService"]
HISTORY = HISTORY_CONTRACT.services_by_name["HistoryInternalService"]
IDENTITY = IDENTITY_CONTRACT.services_by_name["UserInternalService"]

_log = structlog.get_logger("catalog")


@cache
def _index_lag() -> Callable[[float], None]:
    """Tells the lag. Made where there is an index: workers, which have none, import this too."""
    lag = telemetry.gauge(
        "search_index_lag_seconds", "For how long the search index has not held all of the feed."
    )
    return lag.set


def migrations() -> list[MigrationSource]:
    """All that the schema of this service is made of."""
    return [
        MigrationSource.of_package("catalog_svc.migrations"),
        feeds_postgres.MIGRATIONS,
        idempotency_postgres.MIGRATIONS,
        following_postgres.MIGRATIONS,
        leases_postgres.MIGRATIONS,
        jobs.migrations(),
    ]


async def migrated(dsn: str) -> None:
    """Bring the schema up to date, as soon as the store answers."""
    await apply_migrations(dsn, schema=SCHEMA, sources=migrations())
    async with open_stores(dsn, pool_size=1) as stores:
        await fold_titles(stores.pool)


@dataclass(frozen=True, slots=True)
class Stores:
    """The parts in PostgreSQL that both roles use."""

    pool: postgres.Pool
    queue: Queue


@asynccontextmanager
async def open_stores(dsn: str, *, pool_size: int = 8) -> AsyncIterator[Stores]:
    """Connections to the catalogue's schema until the block ends."""
    async with postgres.open_pool(
        dsn, schema=SCHEMA, application_name=SCHEMA, max_size=pool_size
    ) as pool:
        yield Stores(pool, Queue())


def add_servicers(
    server: MeshServer,
    settings: Settings,
    stores: Stores,
    feed: feeds_postgres.PostgresChangeFeed,
    most_played: MostPlayedCache,
) -> None:
    """Serve the catalogue's own contracts from ``server``."""
    catalogue = PostgresCatalogue(stores.pool, stores.queue)
    browse, orders = Browse(catalogue), PostgresPlayOrders(stores.pool)
    imports = PostgresImports(stores.pool, stores.queue)
    catalog = CatalogServicer(
        browse,
        ListNames(PostgresBrowsing(stores.pool), browse),
        TopTracks(catalogue, orders, most_played),
        EditCatalogue(PostgresEdits(stores.pool)),
    )
    internal = CatalogInternalServicer(
        browse,
        ReadyTrack(catalogue),
        WatchChanges(feed, PostgresListing(stores.pool)),
        FindPlayOrders(browse, orders),
        LookupAssets(catalogue, HashedObjects(settings.objects_url)),
        streams=server.streams,
    )
    importing = ImportServicer(
        StartImport(imports, settings.import_roots),
        FollowImport(imports),
        streams=server.streams,
    )
    server.add(pb_grpc.add_CatalogServiceServicer_to_server, catalog)
    server.add(add_CatalogInternalServiceServicer_to_server, internal)
    server.add(pb_grpc.add_ImportServiceServicer_to_server, importing)


async def serve(settings: Settings) -> None:
    """The role ``serve``: until the process is told to stop."""
    # The index is the one heavy import that workers do without.
    from catalog_svc.adapters.tantivy_index import TantivyIndex
    from catalog_svc.search_convert import index_change
    from catalog_svc.servicers.search import SearchServicer
    from catalog_svc.servicers.search_internal import SearchInternalServicer
    from catalog_svc.usecases.follow_index import IndexFollower
    from catalog_svc.usecases.match_tracks import MatchTracks
    from catalog_svc.usecases.search import Search

    dsn = settings.database_dsn.get_secret_value()
    tokens = TokenVerifier(settings.jwks_url, settings.token_issuer)
    server = MeshServer(settings, tokens=tokens)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(
            open_stores(dsn, pool_size=settings.database_pool_size)
        )
        feed = await stack.enter_async_context(
            feeds_postgres.open_feed(dsn, schema=SCHEMA, pool=stores.pool)
        )
        index = await stack.enter_async_context(aclosing(TantivyIndex(settings.index_dir)))
        most_played = await stack.enter_async_context(open_most_played(settings))
        add_servicers(server, settings, stores, feed, most_played)
        server.add(pb_grpc.add_SearchServiceServicer_to_server, SearchServicer(Search(index)))
        matching = SearchInternalServicer(MatchTracks(index))
        server.add(add_SearchInternalServiceServicer_to_server, matching)
        channels = await stack.enter_async_context(Channels(settings))
        if settings.identity_target:
            channel = channels.open(settings.identity_target, "identity", IDENTITY)
            watch = identity_revocations(UserInternalServiceStub(channel))
            follow = RevocationFollower(server.streams, watch)
            await stack.enter_async_context(running(follow.run))
        follower = IndexFollower(
            feed, index, PostgresListing(stores.pool), index_change, report_lag=_index_lag()
        )

        async def ready() -> None:
            await migrated(dsn)
            await stack.enter_async_context(running(follower.run))
            if settings.playlist_target:
                playlists = follow_playlists(channels, settings.playlist_target, stores.pool)
                await stack.enter_async_context(running(playlists.run))
            if settings.playback_target:
                plays = follow_plays(channels, settings.playback_target, stores.pool)
                telling = partial(_telling, stores.pool)
                await stack.enter_async_context(running(plays.run, telling))
            await stack.enter_async_context(running(partial(_pruning, stores.pool)))
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.index_wait_s):
                    await follower.caught_up.wait()

        await server.serve(ready=ready)


def follow_playlists(channels: Channels, target: str, pool: postgres.Pool) -> Follower[Told]:
    """Keeps the catalogue's copy of public playlists; one instance at a time does."""
    channel = channels.open(target, "playlist", PLAYLIST)
    lease = Lease(leases_postgres.PostgresLeases(pool), "follow-playlist")
    watch = playlist_changes(PlaylistInternalServiceStub(channel))
    return Follower("playlist", watch, PostgresPlaylists(pool), lease=lease)


def follow_plays(channels: Channels, target: str, pool: postgres.Pool) -> Follower[Play]:
    """Counts plays; one instance at a time does, and two would count none twice."""
    channel = channels.open(target, "playback", HISTORY)
    lease = Lease(leases_postgres.PostgresLeases(pool), "follow-playback")
    watch = play_changes(HistoryInternalServiceStub(channel))
    counts = PostgresPlays(pool)
    return Follower("playback", watch, counts, lease=lease, gather_s=_GATHER_PLAYS_S)


@asynccontextmanager
async def open_most_played(settings: Settings) -> AsyncIterator[MostPlayedCache]:
    """The list of the most played until the block ends: in Valkey, or of this instance alone."""
    if settings.valkey_url is None:
        yield MemoryMostPlayed()
        return
    async with valkey.open_client(settings.valkey_url, client_name=SCHEMA) as client:
        yield ValkeyMostPlayed(client)


def _telling(pool: postgres.Pool) -> Coroutine[Any, Any, None]:
    lease = Lease(leases_postgres.PostgresLeases(pool), "tell-streams", ttl_s=EVERY_S)
    return regularly(EVERY_S, TellStreams(PostgresPlays(pool), lease))


def _pruning(pool: postgres.Pool) -> Coroutine[Any, Any, None]:
    return regularly(
        _PRUNE_EVERY_S,
        partial(idempotency_postgres.prune, pool),
        partial(feeds_postgres.prune, pool),
        PostgresPlays(pool).forget,
    )


async def work(settings: Settings) -> None:
    """The role ``work``: until the process is told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    dsn = settings.database_dsn.get_secret_value()
    if not await _unless(stop, migrated(dsn)):
        return
    async with open_stores(dsn, pool_size=settings.database_pool_size) as stores:
        await run_jobs(settings, stores, stop=stop)


async def run_jobs(settings: Settings, stores: Stores, *, stop: asyncio.Event) -> None:
    """Do the catalogue's jobs until ``stop`` is set: scans beside encoding, never behind it."""
    with work_folders.opened(settings.work_dir) as folders:
        queue = make_jobs()
        scan, prepare = _long_work(settings, stores, folders)
        handle(queue, Work.SCAN, scan)
        handle(queue, Work.PREPARE, prepare.first_rungs)
        handle(queue, Work.COMPLETE, prepare.other_rungs)
        pace = {
            "stalled_after_s": settings.worker_dead_after_s,
            "heartbeat_s": settings.worker_dead_after_s / 5,
        }
        async with queue.opened(stores.pool), asyncio.TaskGroup() as roles:
            roles.create_task(queue.work(stop=stop, concurrency=1, queues=[SCAN_QUEUE], **pace))
            roles.create_task(
                queue.work(stop=stop, concurrency=settings.encoders, queues=[ENCODE_QUEUE], **pace)
            )


def _long_work(
    settings: Settings, stores: Stores, folders: work_folders.LockedWorkFolders
) -> tuple[ScanImport, PrepareTrack]:
    tags = FastTags()
    scan = ScanImport(PostgresScanStore(stores.pool, stores.queue), FolderWalk(), tags)
    prepare = PrepareTrack(
        PostgresPreparation(stores.pool, stores.queue),
        ProgramAudio(),
        HashedObjects(settings.objects_url),
        tags,
        folders,
    )
    return scan, prepare


def handle(queue: Jobs, work_kind: Work, do: Callable[[str], Awaitable[None]]) -> None:
    """Have ``do`` called with the subject of each job of a kind."""

    async def handler(subject: str) -> None:
        await do(subject)

    queue.handle(work_kind, handler)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do ``work``; False when ``stop`` came first."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    done = doing.done()
    for task in (doing, stopping):
        task.cancel()
    if done:
        await doing
    return done
