"""Puts the origin together: the one place that chooses adapters."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceStub
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceStub

from edge.media import assembly
from edge.media.adapters.files.capability_verifier import KeyFileVerifier
from edge.media.adapters.files.spool import FileSpool
from edge.media.adapters.grpc.delivery_reports import PLAYBACK, PlaybackReports
from edge.media.adapters.grpc.denials import DENIALS, denials_told
from edge.media.adapters.memory import denials
from edge.media.adapters.memory.delivery_ledger import MemoryLedger
from edge.media.adapters.memory.denials import MemoryDenials
from edge.media.adapters.obstore.object_store import open_objects
from edge.media.assembly import Parts
from edge.media.settings import Settings
from meshkit.background import running
from meshkit.capability import KeyFile
from meshkit.clients import Channels
from meshkit.consuming import Consumer


def connect(settings: Settings) -> Parts:
    """The parts as the settings say.

    Raises KeysUnusable, ValueError for a bad store URL, OSError for an unusable spool.
    """
    spool = None
    if settings.playback_target is not None and settings.spool_dir is not None:
        spool = FileSpool(settings.spool_dir, settings.instance, settings.spool_bytes)
    return Parts(
        objects=open_objects(settings.objects_url),
        capabilities=KeyFileVerifier(KeyFile(settings.capability_keys_file), time.time),
        denials=MemoryDenials(settings.denial_entries),
        ledger=MemoryLedger(settings.ledger_entries),
        spool=spool,
    )


@asynccontextmanager
async def beside_playback(settings: Settings, parts: Parts) -> AsyncIterator[None]:
    """Tells playback what is delivered, and hears from it which paths are taken back, where the
    settings name one."""
    if parts.spool is None or settings.playback_target is None:
        yield
        return
    async with Channels(settings) as channels:
        channel = channels.open(settings.playback_target, "playback", PLAYBACK, DENIALS)
        reports = PlaybackReports(DeliveryInternalServiceStub(channel))
        told = denials_told(DenialInternalServiceStub(channel))
        consumer = Consumer("denials", told, parts.denials, fails=denials.FAILS, gather_s=0.0)
        async with (
            running(consumer.run),
            assembly.reporting(settings, parts.ledger, parts.spool, reports),
        ):
            yield
    parts.spool.close()
