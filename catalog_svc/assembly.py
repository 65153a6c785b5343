"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    add_CatalogInternalServiceServicer_to_server,
    add_SearchInternalServiceServicer_to_server,
)

from catalog_svc.domain.jobs import Work
from catalog_svc.ports.catalogue import Catalogue, CatalogueLists, CatalogueSnapshot, Playables
from catalog_svc.ports.edits import Edits
from catalog_svc.ports.imports import Imports, ScanStore, TagReader, Walker
from catalog_svc.ports.plays import MostPlayedCache, PlayCounts, PlayedTracks, PlayOrders
from catalog_svc.ports.preparation import (
    Audio,
    Descriptors,
    MediaObjects,
    Preparation,
    WorkFolders,
)
from catalog_svc.ports.search import SearchIndex
from catalog_svc.search_convert import index_change
from catalog_svc.servicers.catalog import CatalogServicer
from catalog_svc.servicers.catalog_internal import CatalogInternalServicer
from catalog_svc.servicers.imports import ImportServicer
from catalog_svc.servicers.search import SearchServicer
from catalog_svc.servicers.search_internal import SearchInternalServicer
from catalog_svc.settings import Settings
from catalog_svc.usecases.catalog import EditCatalog, ListTopTracks, ReadCatalog
from catalog_svc.usecases.catalog_internal import (
    GetPlayable,
    LookupAssets,
    LookupNames,
    ReadPlayOrders,
    WatchChanges,
)
from catalog_svc.usecases.consume_into_index import IndexConsumer
from catalog_svc.usecases.imports import CreateImport, ReadImports
from catalog_svc.usecases.most_played import MostPlayedList
from catalog_svc.usecases.prepare_track import PrepareTrack
from catalog_svc.usecases.publish_stream_counts import EVERY_S, PublishStreamCounts
from catalog_svc.usecases.scan_import import ScanImport
from catalog_svc.usecases.search import Search
from catalog_svc.usecases.search_internal import MatchTracks
from meshkit.background import regularly
from meshkit.feeds import ChangeFeed
from meshkit.jobs import Jobs
from meshkit.leases import Lease, Leases
from meshkit.notices import Notices
from meshkit.process import Serving


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on.

    ``index`` is this instance's own, all else is shared. ``report_index_lag`` is told for how many
    seconds the index has not held all of the feed.
    """

    catalogue: Catalogue
    lists: CatalogueLists
    playables: Playables
    snapshot: CatalogueSnapshot
    edits: Edits
    imports: Imports
    import_changes: Notices
    orders: PlayOrders
    played: PlayedTracks
    plays: PlayCounts
    most_played: MostPlayedCache
    descriptors: Descriptors
    index: SearchIndex
    report_index_lag: Callable[[float], None]
    feed: ChangeFeed
    leases: Leases


def assemble(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves the contracts of the catalogue on ``parts``, and consumes its feed into the index."""
    server, streams = serving.server, serving.server.streams
    server.add(
        pb_grpc.add_CatalogServiceServicer_to_server,
        CatalogServicer(
            ReadCatalog(parts.catalogue, parts.lists),
            EditCatalog(parts.edits),
            ListTopTracks(parts.catalogue, MostPlayedList(parts.played, parts.most_played)),
        ),
    )
    server.add(
        add_CatalogInternalServiceServicer_to_server,
        CatalogInternalServicer(
            get_playable=GetPlayable(parts.playables),
            play_orders=ReadPlayOrders(parts.catalogue, parts.orders),
            lookup_names=LookupNames(parts.catalogue),
            lookup_assets=LookupAssets(parts.playables, parts.descriptors),
            watch_changes=WatchChanges(parts.feed, parts.snapshot),
            streams=streams,
        ),
    )
    create_import = CreateImport(parts.imports, settings.import_roots)
    read_imports = ReadImports(parts.imports, parts.import_changes)
    importing = ImportServicer(create_import, read_imports, streams=streams)
    server.add(pb_grpc.add_ImportServiceServicer_to_server, importing)
    lease = Lease(parts.leases, "tell-streams", ttl_s=EVERY_S)
    serving.run(partial(regularly, EVERY_S, PublishStreamCounts(parts.plays, lease)))
    _add_search(serving, settings, parts)


def _add_search(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves search over the index; the instance waits a while for it before it is SERVING."""
    server, index = serving.server, parts.index
    server.add(pb_grpc.add_SearchServiceServicer_to_server, SearchServicer(Search(index)))
    server.add(
        add_SearchInternalServiceServicer_to_server, SearchInternalServicer(MatchTracks(index))
    )
    consumer = IndexConsumer(
        parts.feed, index, parts.snapshot, index_change, report_lag=parts.report_index_lag
    )

    async def caught_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.index_wait_s):
                await consumer.caught_up.wait()

    serving.run(consumer.run)
    serving.before_serving(caught_up)


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the jobs of imports stand on."""

    scans: ScanStore
    walker: Walker
    tags: TagReader
    preparation: Preparation
    audio: Audio
    objects: MediaObjects
    folders: WorkFolders


def assemble_jobs(jobs: Jobs, parts: WorkerParts) -> None:
    """Has the catalogue's jobs done on ``parts``."""
    scan = ScanImport(parts.scans, parts.walker, parts.tags)
    prepare = PrepareTrack(
        store=parts.preparation,
        audio=parts.audio,
        objects=parts.objects,
        tags=parts.tags,
        folders=parts.folders,
    )
    jobs.handle(Work.SCAN, _of_subject(scan))
    jobs.handle(Work.PREPARE, _of_subject(prepare.first_rungs))
    jobs.handle(Work.COMPLETE, _of_subject(prepare.other_rungs))


def _of_subject(
    do: Callable[[str], Coroutine[Any, Any, None]],
) -> Callable[..., Coroutine[Any, Any, None]]:
    """A handler that has ``do`` called with the subject of a job."""

    async def handler(subject: str) -> None:
        await do(subject)

    return handler
