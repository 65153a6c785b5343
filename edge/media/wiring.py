"""Puts the origin together; the only place that names adapters."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceStub

from edge.media.adapters.files.capability_verifier import KeyFileVerifier
from edge.media.adapters.files.spool import FileSpool
from edge.media.adapters.grpc.delivery_reports import PLAYBACK, PlaybackReports
from edge.media.adapters.memory.delivery_ledger import MemoryLedger
from edge.media.adapters.obstore.object_store import open_objects
from edge.media.ports.delivery_ledger import DeliveryLedger
from edge.media.ports.spool import Spool
from edge.media.servicer import MediaServicer
from edge.media.settings import Settings
from edge.media.usecases.descriptor_cache import DescriptorCache
from edge.media.usecases.open_asset import AssetOpener
from edge.media.usecases.report_deliveries import DeliveryReporter
from meshkit.background import running
from meshkit.capability import KeyFile
from meshkit.clients import Channels
from meshkit.clock import now_ms
from meshkit.ulids import new_id


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin, and what it counts; ``spool`` is None where nobody is told of it."""

    servicer: MediaServicer
    ledger: DeliveryLedger
    spool: Spool | None


def wire(settings: Settings) -> Origin:
    """The origin as the settings say.

    Raises KeysUnusable, ValueError for a bad store URL, OSError for an unusable spool.
    """
    objects = open_objects(settings.objects_url)
    verifier = KeyFileVerifier(KeyFile(settings.capability_keys_file), time.time)
    opener = AssetOpener(verifier, DescriptorCache(objects, settings.descriptor_cache_bytes))
    ledger = MemoryLedger(settings.ledger_entries)
    spool = None
    if settings.playback_target is not None and settings.spool_dir is not None:
        spool = FileSpool(settings.spool_dir, settings.instance, settings.spool_bytes)
    return Origin(MediaServicer(opener, objects, ledger), ledger, spool)


@asynccontextmanager
async def reporting(settings: Settings, origin: Origin) -> AsyncIterator[None]:
    """Tells playback what is delivered, and at the end what was not told yet."""
    if origin.spool is None or settings.playback_target is None:
        yield
        return
    async with Channels(settings) as channels:
        channel = channels.open(settings.playback_target, "playback", PLAYBACK)
        reporter = DeliveryReporter(
            origin.ledger,
            origin.spool,
            PlaybackReports(DeliveryInternalServiceStub(channel)),
            every_s=settings.report_every_s,
            clock=now_ms,
            new_id=new_id,
        )
        tasks = (
            reporter.save_regularly,
            reporter.report_regularly,
            reporter.take_over_regularly,
        )
        async with running(*tasks):
            yield
        await reporter.finish()
    origin.spool.close()
