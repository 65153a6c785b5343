"""Puts the catalogue together: the one place that knows every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

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

from catalog_svc.adapters.files import work_folders
from catalog_svc.adapters.files.media_objects import HashedObjects
from catalog_svc.adapters.files.walker import FolderWalk
from catalog_svc.adapters.grpc.play_changes import play_changes
from catalog_svc.adapters.grpc.playlist_changes import playlist_changes
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.catalogue_lists import PostgresCatalogueLists
from catalog_svc.adapters.postgres.catalogue_snapshot import PostgresCatalogueSnapshot
from catalog_svc.adapters.postgres.edits import PostgresEdits
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import ENCODE_QUEUE, SCAN_QUEUE, JobQueue, make_jobs
from catalog_svc.adapters.postgres.play_counts import PostgresPlayCounts
from catalog_svc.adapters.postgres.play_orders import PostgresPlayOrders
from catalog_svc.adapters.postgres.playlists import PostgresPlaylistReplica
from catalog_svc.adapters.postgres.preparation import PostgresPreparation
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from catalog_svc.adapters.postgres.title_backfill import fold_titles
from catalog_svc.adapters.valkey.most_played import ValkeyMostPlayed
from catalog_svc.domain.jobs import Work
from catalog_svc.ports.plays import MostPlayedCache
from catalog_svc.schema import SCHEMA
from catalog_svc.servicers.catalog import CatalogServicer
from catalog_svc.servicers.catalog_internal import CatalogInternalServicer
from catalog_svc.servicers.imports import ImportServicer
from catalog_svc.settings import Settings, WorkerSettings
from catalog_svc.usecases.catalog import EditCatalog, ListTopTracks, ReadCatalog
from catalog_svc.usecases.catalog_internal import (
    GetPlayable,
    LookupAssets,
    LookupNames,
    ReadPlayOrders,
    WatchChanges,
)
from catalog_svc.usecases.imports import CreateImport, ReadImports
from catalog_svc.usecases.most_played import MostPlayedList
from catalog_svc.usecases.prepare_track import PrepareTrack
from catalog_svc.usecases.publish_stream_counts import EVERY_S, PublishStreamCounts
from catalog_svc.usecases.scan_import import ScanImport
from meshkit import postgres, telemetry
from meshkit.background import regularly
from meshkit.leases import Lease
from meshkit.leases_postgres import PostgresLeases
from meshkit.process import ServiceProcess, run_worker, service_process
from meshkit.revocations import identity_revocations

# The plays of this long are sum_streams before a track is written: counting is in no hurry.
_GATHER_PLAYS_S = 0.5
PLAYLIST = PLAYLIST_CONTRACT.services_by_name["PlaylistInternalService"]
HISTORY = HISTORY_CONTRACT.services_by_name["HistoryInternalService"]
USERS = IDENTITY_CONTRACT.services_by_name["UserInternalService"]


def assemble(process: ServiceProcess, settings: Settings, most_played: MostPlayedCache) -> None:
    """Serves the catalogue's contracts, but search, over the schema of ``process``."""
    server, pool, queue = process.server, process.pool, JobQueue()
    catalogue, imports = PostgresCatalogue(pool, queue), PostgresImports(pool, queue)
    orders = PostgresPlayOrders(pool)
    catalog = CatalogServicer(
        ReadCatalog(catalogue, PostgresCatalogueLists(pool)),
        EditCatalog(PostgresEdits(pool)),
        ListTopTracks(catalogue, MostPlayedList(orders, most_played)),
    )
    internal = CatalogInternalServicer(
        get_playable=GetPlayable(catalogue),
        play_orders=ReadPlayOrders(catalogue, orders),
        lookup_names=LookupNames(catalogue),
        lookup_assets=LookupAssets(catalogue, HashedObjects(settings.objects_url)),
        watch_changes=WatchChanges(process.feed, PostgresCatalogueSnapshot(pool)),
        streams=server.streams,
    )
    importing = ImportServicer(
        CreateImport(imports, settings.import_roots),
        ReadImports(imports),
        streams=server.streams,
    )
    server.add(pb_grpc.add_CatalogServiceServicer_to_server, catalog)
    server.add(add_CatalogInternalServiceServicer_to_server, internal)
    server.add(pb_grpc.add_ImportServiceServicer_to_server, importing)
    plays = PostgresPlayCounts(pool)
    lease = Lease(PostgresLeases(pool), "tell-streams", ttl_s=EVERY_S)
    process.run(partial(regularly, EVERY_S, PublishStreamCounts(plays, lease)))
    process.every_hour(plays.prune)
    process.before_serving(partial(fold_titles, pool))


async def assemble_search(process: ServiceProcess, settings: Settings) -> None:
    """Serves search over an index of this instance, which consumes the feed of ``process``."""
    # The index is the one heavy import that workers do without.
    from catalog_svc.adapters.tantivy.search_index import TantivySearchIndex
    from catalog_svc.search_convert import index_change
    from catalog_svc.servicers.search import SearchServicer
    from catalog_svc.servicers.search_internal import SearchInternalServicer
    from catalog_svc.usecases.consume_into_index import IndexConsumer
    from catalog_svc.usecases.search import Search
    from catalog_svc.usecases.search_internal import MatchTracks

    lag = telemetry.gauge(
        "search_index_lag_seconds", "For how long the search index has not held all of the feed."
    )
    index = await process.enter(aclosing(TantivySearchIndex(settings.index_dir)))
    consumer = IndexConsumer(
        process.feed,
        index,
        PostgresCatalogueSnapshot(process.pool),
        index_change,
        report_lag=lag.set,
    )

    async def caught_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.index_wait_s):
                await consumer.caught_up.wait()

    process.run(consumer.run)
    process.before_serving(caught_up)
    searching, matching = SearchServicer(Search(index)), SearchInternalServicer(MatchTracks(index))
    process.server.add(pb_grpc.add_SearchServiceServicer_to_server, searching)
    process.server.add(add_SearchInternalServiceServicer_to_server, matching)


async def copy_playlists(process: ServiceProcess, target: str) -> None:
    """Keeps a copy of the public playlists, for search."""
    channel = await process.channel(target, "playlist", PLAYLIST)
    watch = playlist_changes(PlaylistInternalServiceStub(channel))
    process.consume("playlist", watch, PostgresPlaylistReplica(process.pool))


async def count_plays(process: ServiceProcess, target: str) -> None:
    """Counts plays; one instance at a time does, and two would count none twice."""
    channel = await process.channel(target, "playback", HISTORY)
    watch = play_changes(HistoryInternalServiceStub(channel))
    process.consume("playback", watch, PostgresPlayCounts(process.pool), gather_s=_GATHER_PLAYS_S)


async def serve(settings: Settings) -> None:
    """The role ``serve``: until the process is told to stop."""
    async with service_process(settings, SCHEMA) as process:
        valkey = await process.valkey(settings.valkey_url)
        assemble(process, settings, ValkeyMostPlayed(valkey))
        await assemble_search(process, settings)
        await copy_playlists(process, settings.playlist_target)
        await count_plays(process, settings.playback_target)
        identity = await process.channel(settings.identity_target, "identity", USERS)
        process.refuse_revoked(identity_revocations(UserInternalServiceStub(identity)))
        await process.serve()


async def work(settings: WorkerSettings) -> None:
    """The role ``work``: until the process is told to stop."""
    await run_worker(settings, SCHEMA, partial(run_jobs, settings))


async def run_jobs(settings: WorkerSettings, pool: postgres.Pool, stop: asyncio.Event) -> None:
    """Do the catalogue's jobs until ``stop`` is set: scans beside encoding, never behind it."""
    # Here, since an image of the role ``serve`` has neither encoder nor reader of tags.
    from catalog_svc.adapters.files.tag_reader import FastTags
    from catalog_svc.adapters.programs.audio import ProgramAudio

    with work_folders.opened(settings.work_dir) as folders:
        jobs, queue, tags = make_jobs(), JobQueue(), FastTags()
        scan = ScanImport(PostgresScanStore(pool, queue), FolderWalk(), tags)
        prepare = PrepareTrack(
            store=PostgresPreparation(pool, queue),
            audio=ProgramAudio(),
            objects=HashedObjects(settings.objects_url),
            tags=tags,
            folders=folders,
        )
        jobs.handle(Work.SCAN, _of_subject(scan))
        jobs.handle(Work.PREPARE, _of_subject(prepare.first_rungs))
        jobs.handle(Work.COMPLETE, _of_subject(prepare.other_rungs))
        lane = partial(
            jobs.work,
            stop=stop,
            stalled_after_s=settings.worker_dead_after_s,
            heartbeat_s=settings.worker_dead_after_s / 5,
        )
        async with jobs.opened(pool), asyncio.TaskGroup() as lanes:
            lanes.create_task(lane(concurrency=1, queues=[SCAN_QUEUE]))
            lanes.create_task(lane(concurrency=settings.encoders, queues=[ENCODE_QUEUE]))


def _of_subject(
    do: Callable[[str], Coroutine[Any, Any, None]],
) -> Callable[..., Coroutine[Any, Any, None]]:
    """A handler that has ``do`` called with the subject of a job."""

    async def handler(subject: str) -> None:
        await do(subject)

    return handler
