"""Puts the catalogue together: the one place that chooses adapters."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial

from segue.identity.v1.identity_internal_service_pb2 import DESCRIPTOR as IDENTITY_CONTRACT
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.playback.v1.playback_internal_service_pb2 import DESCRIPTOR as HISTORY_CONTRACT
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub
from segue.playlist.v1.playlist_internal_service_pb2 import DESCRIPTOR as PLAYLIST_CONTRACT
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from catalog_svc.adapters.files import work_folders
from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.files.media_objects import HashedObjects
from catalog_svc.adapters.files.walker import FolderWalk
from catalog_svc.adapters.grpc.play_changes import play_changes
from catalog_svc.adapters.grpc.playlist_changes import playlist_changes
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.catalogue_lists import PostgresCatalogueLists
from catalog_svc.adapters.postgres.catalogue_snapshot import PostgresCatalogueSnapshot
from catalog_svc.adapters.postgres.edits import PostgresEdits
from catalog_svc.adapters.postgres.import_changes import CHANNEL as IMPORT_CHANGES
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import ENCODE_QUEUE, SCAN_QUEUE, JobQueue, make_jobs
from catalog_svc.adapters.postgres.play_counts import PostgresPlayCounts
from catalog_svc.adapters.postgres.play_orders import PostgresPlayOrders
from catalog_svc.adapters.postgres.playlists import PostgresPlaylistReplica
from catalog_svc.adapters.postgres.preparation import PostgresPreparation
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from catalog_svc.adapters.postgres.title_backfill import fold_titles
from catalog_svc.adapters.valkey.most_played import ValkeyMostPlayed
from catalog_svc.assembly import Parts, WorkerParts, assemble, assemble_jobs
from catalog_svc.schema import SCHEMA
from catalog_svc.settings import Settings, WorkerSettings
from meshkit import postgres, telemetry
from meshkit.idempotency_postgres import KeptAnswers
from meshkit.leases_postgres import PostgresLeases
from meshkit.notices_postgres import open_notices
from meshkit.process import ServiceProcess, run_worker, service_process
from meshkit.revocations import identity_revocations

# The plays of this long are summed before a track is written: counting is in no hurry.
_GATHER_PLAYS_S = 0.5
PLAYLIST = PLAYLIST_CONTRACT.services_by_name["PlaylistInternalService"]
HISTORY = HISTORY_CONTRACT.services_by_name["HistoryInternalService"]
USERS = IDENTITY_CONTRACT.services_by_name["UserInternalService"]


async def connect(process: ServiceProcess, settings: Settings) -> Parts:
    """The parts as a real process has them, and what keeps its stores as they must be."""
    # The index is the one heavy import that workers do without.
    from catalog_svc.adapters.tantivy.search_index import TantivySearchIndex

    lag = telemetry.gauge(
        "search_index_lag_seconds", "For how long the search index has not held all of the feed."
    )
    dsn = settings.database_dsn.get_secret_value()
    pool, queue = process.pool, JobQueue()
    catalogue, orders = PostgresCatalogue(pool, queue), PostgresPlayOrders(pool)
    parts = Parts(
        catalogue=catalogue,
        lists=PostgresCatalogueLists(pool),
        playables=catalogue,
        snapshot=PostgresCatalogueSnapshot(pool),
        edits=PostgresEdits(pool),
        imports=PostgresImports(pool, queue),
        import_changes=await process.enter(
            open_notices(dsn, schema=SCHEMA.name, channel=IMPORT_CHANGES)
        ),
        orders=orders,
        played=orders,
        plays=(plays := PostgresPlayCounts(pool)),
        most_played=ValkeyMostPlayed(await process.valkey(settings.valkey_url, settings)),
        descriptors=HashedObjects(settings.objects_url),
        index=await process.enter(aclosing(TantivySearchIndex(settings.index_dir))),
        report_index_lag=lag.set,
        feed=process.feed,
        leases=PostgresLeases(pool),
    )
    process.every_hour(plays.prune)
    process.before_serving(partial(fold_titles, pool))
    return parts


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
        assemble(process, settings, await connect(process, settings))
        await copy_playlists(process, settings.playlist_target)
        await count_plays(process, settings.playback_target)
        identity = await process.channel(settings.identity_target, "identity", USERS)
        users = UserInternalServiceStub(identity)
        process.refuse_revoked(identity_revocations(users))
        # Of users it has the answers of their writes alone: a play is counted by its id.
        process.consume_users(users, KeptAnswers(process.pool))
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
        jobs, queue = make_jobs(), JobQueue()
        allowed = AllowedFolders(settings.import_roots)
        parts = WorkerParts(
            scans=PostgresScanStore(pool, queue),
            walker=FolderWalk(allowed),
            tags=FastTags(allowed),
            preparation=PostgresPreparation(pool, queue),
            audio=ProgramAudio(allowed, folders),
            objects=HashedObjects(settings.objects_url),
            folders=folders,
        )
        assemble_jobs(jobs, parts)
        lane = partial(
            jobs.work,
            stop=stop,
            stalled_after_s=settings.worker_dead_after_s,
            heartbeat_s=settings.worker_dead_after_s / 5,
        )
        async with jobs.opened(pool), asyncio.TaskGroup() as lanes:
            lanes.create_task(lane(concurrency=1, queues=[SCAN_QUEUE]))
            lanes.create_task(lane(concurrency=settings.encoders, queues=[ENCODE_QUEUE]))
