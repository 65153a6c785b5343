"""Puts recommendations together: the one place that chooses adapters."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import metadata
from typing import NamedTuple

import grpc
from segue.catalog.v1.catalog_internal_service_pb2 import DESCRIPTOR as CATALOG_CONTRACT
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub
from segue.identity.v1.identity_internal_service_pb2 import DESCRIPTOR as IDENTITY_CONTRACT
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.playback.v1.playback_internal_service_pb2 import DESCRIPTOR as HISTORY_CONTRACT
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub
from segue.playlist.v1.playlist_internal_service_pb2 import DESCRIPTOR as PLAYLIST_CONTRACT
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    LibraryInternalServiceStub,
    PlaylistInternalServiceStub,
    SocialInternalServiceStub,
)

from meshkit import postgres
from meshkit.background import regularly, running
from meshkit.clock import now_ms
from meshkit.idempotency_postgres import KeptAnswers
from meshkit.jobs import NewJob
from meshkit.leases import Lease
from meshkit.leases_postgres import PostgresLeases
from meshkit.notices_postgres import open_notices
from meshkit.process import HOUR_S, ServiceProcess, Work, run_worker, service_process
from meshkit.replicas_postgres import PostgresReplica
from meshkit.revocations import identity_revocations
from meshkit.ulids import new_id
from rec_svc.adapters.grpc.catalogue_changes import catalogue_changes
from rec_svc.adapters.grpc.item_changes import blocked_artists, followed_artists, saved_tracks
from rec_svc.adapters.grpc.managed_playlists import PlaylistServiceManaged
from rec_svc.adapters.grpc.membership_changes import membership_changes
from rec_svc.adapters.grpc.play_changes import play_changes
from rec_svc.adapters.grpc.play_orders import PlaylistService
from rec_svc.adapters.objects.models import ObjectModelArtefacts
from rec_svc.adapters.postgres.experiments import PostgresExperiments, PostgresLooks
from rec_svc.adapters.postgres.exposures import PostgresExposures
from rec_svc.adapters.postgres.homes import PostgresHomes
from rec_svc.adapters.postgres.jobs import MAKE_HOMES, MAKE_WEEKLY_LISTS, TRAIN, make_jobs
from rec_svc.adapters.postgres.listening import PostgresListening
from rec_svc.adapters.postgres.models import PostgresModels
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.playlists import FEED as MEMBERSHIP_FEED
from rec_svc.adapters.postgres.playlists import PostgresPlaylists, PostgresPlaylistsReplica
from rec_svc.adapters.postgres.plays import FEED as PLAYS_FEED
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.radio_feedback import PostgresRadioFeedback
from rec_svc.adapters.postgres.radios import PostgresRadios
from rec_svc.adapters.postgres.tracks import FEED as CATALOG_FEED
from rec_svc.adapters.postgres.tracks import PostgresTracks, PostgresTracksReplica
from rec_svc.adapters.postgres.trainings import CHANNEL, PostgresTrainings
from rec_svc.adapters.postgres.user_items import FEEDS as ITEM_FEEDS
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.adapters.postgres.weekly_batches import PostgresWeeklyBatches
from rec_svc.adapters.postgres.weekly_lists import PostgresWeeklyLists
from rec_svc.adapters.prometheus_outcomes import PrometheusOutcomes
from rec_svc.adapters.valkey.homes import ValkeyHomeCopies
from rec_svc.assembly import Parts, assemble
from rec_svc.domain.experiments import Parameters
from rec_svc.domain.plays import Play
from rec_svc.domain.radios import NOT_TWICE_MS
from rec_svc.domain.user_items import ItemChange, ItemKind
from rec_svc.domain.weekly_lists import WEEKS_APART
from rec_svc.domain.weeks import Week
from rec_svc.ports.experiments import Experiments
from rec_svc.ports.managed_playlists import ManagedPlaylists
from rec_svc.ports.play_orders import PlayOrders
from rec_svc.schema import SCHEMA
from rec_svc.settings import Settings, WorkerSettings
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.exposure_outcomes import CountOutcomes, PlayOutcomes, SaveOutcomes
from rec_svc.usecases.kept_homes import DROP_EVERY_S, PRUNED_AFTER_MS, DropCopies, KeptHomes
from rec_svc.usecases.making_home import MakeHome
from rec_svc.usecases.making_homes import MakeHomes
from rec_svc.usecases.new_tracks import NewTracks
from rec_svc.usecases.radio_steering import RadioPlays, RadioSaves
from rec_svc.usecases.recommending import Recommending
from rec_svc.usecases.running_experiments import RefreshedExperiments
from rec_svc.usecases.serving_model import FollowedModel
from rec_svc.usecases.train_model import TrainingLimits, TrainModel
from rec_svc.usecases.training import StartDaily
from rec_svc.usecases.weekly_batch import LOOK_EVERY_S as LOOK_FOR_WEEK_EVERY_S
from rec_svc.usecases.weekly_batch import MakeWeeklyLists, StartWeekly
from rec_svc.usecases.weekly_lists import MakeWeeklyList
from rec_svc.usecases.weekly_playlists import LOOK_EVERY_S as LOOK_FOR_LISTS_EVERY_S
from rec_svc.usecases.weekly_playlists import PutWeeklyLists

_LOOK_FOR_DAILY_S = 60.0
_KEEP_EVENTS_S = 900.0

CATALOG = CATALOG_CONTRACT.services_by_name["CatalogInternalService"]
HISTORY = HISTORY_CONTRACT.services_by_name["HistoryInternalService"]
LIBRARY = PLAYLIST_CONTRACT.services_by_name["LibraryInternalService"]
PLAYLISTS = PLAYLIST_CONTRACT.services_by_name["PlaylistInternalService"]
SOCIAL = PLAYLIST_CONTRACT.services_by_name["SocialInternalService"]
USERS = IDENTITY_CONTRACT.services_by_name["UserInternalService"]


async def connect(process: ServiceProcess, settings: Settings) -> Parts:
    """The parts as a real process has them, and what keeps them fresh and small."""
    identity = await process.channel(settings.identity_target, "identity", USERS)
    users = UserInternalServiceStub(identity)
    process.refuse_revoked(identity_revocations(users))
    pool = process.pool
    listening, playlists = PostgresListening(pool), PostgresPlaylists(pool)
    # The events first: whoever is on the list of the erased is taken in by nobody any more.
    exposures = PostgresExposures(pool)
    weekly, homes = PostgresWeeklyLists(pool), PostgresHomes(pool)
    holders = (
        *(PostgresPendingEvents(pool), listening, playlists, exposures),
        *(weekly, homes, PostgresRadios(pool), KeptAnswers(pool)),
    )
    process.consume_users(users, *holders)
    playlist = await process.channel(
        settings.playlist_target, "playlist", LIBRARY, PLAYLISTS, SOCIAL
    )
    playlists_stub = PlaylistInternalServiceStub(playlist)
    managed = PlaylistServiceManaged(playlists_stub)
    parts = await stored_parts(process, settings, PlaylistService(playlists_stub), managed)
    await learn(
        process, settings, playlist, CountOutcomes(exposures, PrometheusOutcomes(parts.running))
    )
    lease = Lease(process.leases, "put-weekly-lists")
    put = partial(put_weekly_lists, parts.put_weekly_lists, lease)
    process.run(partial(regularly, LOOK_FOR_LISTS_EVERY_S, put))
    drop = partial(
        _leased, Lease(process.leases, "drop-homes"), DropCopies(homes, parts.home_copies)
    )
    process.run(partial(regularly, DROP_EVERY_S, drop))
    process.every_hour(
        lambda: exposures.prune(now_ms()),
        lambda: homes.prune(now_ms() - PRUNED_AFTER_MS),
        lambda: weekly.prune(Week.at(now_ms()).before(WEEKS_APART)),
    )
    return parts


async def put_weekly_lists(put: PutWeeklyLists, lease: Lease) -> None:
    """Puts all lists that are due into playlists; of all instances one does."""
    while await lease.held() and await put.some():
        pass


async def stored_parts(
    process: ServiceProcess, settings: Settings, orders: PlayOrders, managed: ManagedPlaylists
) -> Parts:
    """The parts over the schema of ``process``, and what playlist_svc is asked for."""
    pool = process.pool
    listening, exposures = PostgresListening(pool), PostgresExposures(pool)
    experiments = PostgresExperiments(pool)
    models, artefacts = PostgresModels(pool), ObjectModelArtefacts(settings.objects_url)
    tracks, weekly = PostgresTracks(pool), PostgresWeeklyLists(pool)
    dsn = settings.database_dsn.get_secret_value()
    return Parts(
        tracks=tracks,
        listening=listening,
        favorites=listening,
        weekly_lists=weekly,
        put_weekly_lists=PutWeeklyLists(weekly, managed, tracks, listening, now_ms),
        homes=PostgresHomes(pool),
        home_copies=ValkeyHomeCopies(await process.valkey(settings.valkey_url, settings)),
        playlists=PostgresPlaylists(pool),
        orders=orders,
        radios=PostgresRadios(pool),
        experiments=experiments,
        looks=PostgresLooks(pool),
        exposures=exposures,
        outcomes=exposures,
        arm_counts=exposures,
        running=refreshed_experiments(settings, experiments),
        models=models,
        artefacts=artefacts,
        serving_model=FollowedModel(models, artefacts),
        new_tracks=NewTracks(tracks, now_ms),
        trainings=PostgresTrainings(pool),
        training_changes=await process.enter(
            open_notices(dsn, schema=SCHEMA.name, channel=CHANNEL)
        ),
    )


def refreshed_experiments(
    settings: Settings | WorkerSettings, experiments: Experiments
) -> RefreshedExperiments:
    """The experiments that run, and how everybody else is served."""
    return RefreshedExperiments(
        experiments,
        held_back_percent=settings.held_back_percent,
        otherwise=Parameters(explore_share=settings.explore_percent / 100),
    )


async def learn(
    process: ServiceProcess,
    settings: Settings,
    playlist: grpc.aio.Channel,
    count: CountOutcomes,
) -> None:
    """Keeps what is learnt from as the other services tell it; one instance at a time does."""
    pool = process.pool
    catalog = await process.channel(settings.catalog_target, "catalog", CATALOG)
    watch_tracks = catalogue_changes(CatalogInternalServiceStub(catalog))
    process.consume(CATALOG_FEED, watch_tracks, PostgresTracksReplica(pool))
    playback = await process.channel(settings.playback_target, "playback", HISTORY)
    plays = PostgresPlays(pool)
    watch_plays = play_changes(HistoryInternalServiceStub(playback))
    process.consume(PLAYS_FEED, watch_plays, plays)
    place = PostgresReplica[Play](pool, "outcome-plays")
    process.consume("outcome-plays", watch_plays, PlayOutcomes(place, count))
    watch_lists = membership_changes(PlaylistInternalServiceStub(playlist))
    process.consume(MEMBERSHIP_FEED, watch_lists, PostgresPlaylistsReplica(pool))
    watches = {
        ItemKind.SAVED_TRACK: saved_tracks(LibraryInternalServiceStub(playlist)),
        ItemKind.BLOCKED_ARTIST: blocked_artists(SocialInternalServiceStub(playlist)),
        ItemKind.FOLLOWED_ARTIST: followed_artists(SocialInternalServiceStub(playlist)),
    }
    saves = PostgresReplica[ItemChange](pool, "outcome-saves")
    watch_saves = watches[ItemKind.SAVED_TRACK]
    process.consume("outcome-saves", watch_saves, SaveOutcomes(saves, count))
    feedback = PostgresRadioFeedback(pool)
    radio_plays = RadioPlays(PostgresReplica[Play](pool, "radio-plays"), feedback)
    process.consume("radio-plays", watch_plays, radio_plays)
    radio_saves = RadioSaves(PostgresReplica[ItemChange](pool, "radio-saves"), feedback)
    process.consume("radio-saves", watch_saves, radio_saves)
    process.every_hour(lambda: feedback.prune(now_ms() - NOT_TWICE_MS))
    for kind, watch in watches.items():
        items = PostgresUserItems(pool, kind)
        process.consume(ITEM_FEEDS[kind], watch, items)
        process.every_hour(items.prune)
    process.every_hour(plays.prune)


async def serve(settings: Settings) -> None:
    """The role ``serve``: until the process is told to stop."""
    async with service_process(settings, SCHEMA) as process:
        assemble(process, settings, await connect(process, settings))
        await process.serve()


async def work(settings: WorkerSettings) -> None:
    """The role ``work``: until the process is told to stop."""
    await run_worker(settings, SCHEMA, partial(run_jobs, settings))


async def run_jobs(settings: WorkerSettings, pool: postgres.Pool, stop: asyncio.Event) -> None:
    """Does the jobs and chores until ``stop`` is set."""
    jobs, trainings = make_jobs(), PostgresTrainings(pool)
    parts = batch_parts(settings, pool)

    async def homes_anew() -> None:
        async with postgres.transaction(pool) as connection:
            await jobs.enqueue(connection, NewJob(MAKE_HOMES, {}, key=MAKE_HOMES))

    jobs.handle(TRAIN, train_model(settings, pool, homes_anew))
    jobs.handle(MAKE_WEEKLY_LISTS, make_weekly_lists(parts, pool))
    jobs.handle(MAKE_HOMES, make_homes(parts, pool))
    daily = StartDaily(trainings, round(settings.train_every_h * HOUR_S * 1000))
    weekly = StartWeekly(PostgresWeeklyBatches(pool), now_ms)
    chores = (
        *event_chores(settings, pool),
        partial(regularly, _LOOK_FOR_DAILY_S, daily),
        partial(regularly, LOOK_FOR_WEEK_EVERY_S, weekly),
    )
    async with jobs.opened(pool), running(*chores):
        await jobs.work(
            stop=stop,
            # Of trainings one is under way at a time: the other place is for lists and homes.
            concurrency=2,
            stalled_after_s=settings.worker_dead_after_s,
            heartbeat_s=settings.worker_dead_after_s / 5,
        )


def train_model(
    settings: WorkerSettings, pool: postgres.Pool, trained: Callable[[], Awaitable[None]]
) -> Callable[..., Awaitable[None]]:
    """The handler of trainings; ``trained`` is awaited after each."""
    # Here, since whoever serves trains nothing.
    from threadpoolctl import threadpool_limits

    from rec_svc.adapters.parquet.events import ParquetEvents
    from rec_svc.adapters.trainers.computed import computed_trainers
    from rec_svc.adapters.trainers.spark import SparkTrainer

    # Threads that wait for each other spin: beside others' work two are slower than one by far.
    threadpool_limits(settings.training_threads)
    spark = SparkTrainer(settings.spark_master, settings.spark_memory_mib, settings.spark_dir)
    pending = PostgresPendingEvents(pool)
    train = TrainModel(
        trainings=PostgresTrainings(pool),
        events=ParquetEvents(settings.objects_url, pending, settings.events_kept_days),
        tracks=PostgresTracks(pool),
        models=PostgresModels(pool),
        artefacts=ObjectModelArtefacts(settings.objects_url),
        trainers=computed_trainers() | {"SPARK_ALS": spark},
        limits=TrainingLimits(
            memory_bytes=settings.training_memory_mib * 2**20,
            trials=settings.training_trials,
            days=settings.events_kept_days,
            code_version=metadata.version("segue"),
        ),
    )

    async def handler(subject: str) -> None:
        await train(subject)
        await trained()

    return handler


class BatchParts(NamedTuple):
    """What the batches of a worker stand on: one model in memory for all of them."""

    tracks: PostgresTracks
    listening: PostgresListening
    models: ChosenModels
    running: RefreshedExperiments
    refresh: Callable[[], Awaitable[None]]


def batch_parts(settings: WorkerSettings, pool: postgres.Pool) -> BatchParts:
    """They are loaded and read anew when they are refreshed."""
    experiments, tracks = PostgresExperiments(pool), PostgresTracks(pool)
    running_now = refreshed_experiments(settings, experiments)
    models, artefacts = PostgresModels(pool), ObjectModelArtefacts(settings.objects_url)
    serving, new_tracks = FollowedModel(models, artefacts), NewTracks(tracks, now_ms)
    chosen = ChosenModels(serving, models, artefacts, new_tracks)

    async def refresh() -> None:
        await serving.look()
        await running_now.refresh()
        if (model := serving.current()) is not None:
            new_tracks.of(model)
        await new_tracks.look()

    return BatchParts(tracks, PostgresListening(pool), chosen, running_now, refresh)


def make_weekly_lists(parts: BatchParts, pool: postgres.Pool) -> Callable[..., Awaitable[None]]:
    """The handler of the batches of weekly lists."""
    lists = PostgresWeeklyLists(pool)
    exposures, chance = PostgresExposures(pool), random.SystemRandom()
    recommending = Recommending(*parts[:4], exposures, clock=now_ms, new_id=new_id, chance=chance)
    make = MakeWeeklyLists(
        PostgresWeeklyBatches(pool),
        parts.listening,
        lists,
        MakeWeeklyList(parts.tracks, parts.listening, lists, recommending, now_ms, new_id),
        refresh=parts.refresh,
        clock=now_ms,
    )

    async def handler(week: int) -> None:
        await make(Week.of_key(week))

    return handler


def make_homes(parts: BatchParts, pool: postgres.Pool) -> Callable[..., Awaitable[None]]:
    """The handler of the batches of homes."""
    make = MakeHome(*parts[:4], clock=now_ms, new_id=new_id, chance=random.SystemRandom())
    kept = KeptHomes(PostgresHomes(pool), make, parts.models, parts.running, now_ms)
    batch = MakeHomes(parts.listening, kept, refresh=parts.refresh, clock=now_ms)

    async def handler() -> None:
        await batch()

    return handler


def event_chores(settings: WorkerSettings, pool: postgres.Pool) -> tuple[Work, Work]:
    """What writes events to files, and what keeps these; of all workers one does."""
    # Here, since whoever serves writes none.
    from rec_svc.adapters.parquet.event_upkeep import EventUpkeep
    from rec_svc.adapters.parquet.events import ParquetEvents

    pending = PostgresPendingEvents(pool)
    events = ParquetEvents(settings.objects_url, pending, settings.events_kept_days)
    leases = PostgresLeases(pool)
    write = partial(_leased, Lease(leases, "write-events"), events.write_waiting)
    keep = partial(_leased, Lease(leases, "keep-events"), EventUpkeep(events))
    return (
        partial(regularly, settings.events_write_s, write),
        partial(regularly, _KEEP_EVENTS_S, keep),
    )


async def _leased(lease: Lease, chore: Callable[[], Awaitable[None]]) -> None:
    """Does a chore where this process holds its lease."""
    if await lease.held():
        await chore()
