"""Use cases and the servicer, built on parts: which adapters those are is not known here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from edge.media.ports.capability_verifier import CapabilityVerifier
from edge.media.ports.delivery_ledger import DeliveryLedger
from edge.media.ports.delivery_reports import DeliveryReports
from edge.media.ports.denials import DenialReplica
from edge.media.ports.object_store import ObjectStore
from edge.media.ports.spool import Spool
from edge.media.servicer import MediaServicer
from edge.media.settings import Settings
from edge.media.usecases.descriptor_cache import DescriptorCache
from edge.media.usecases.open_asset import AssetOpener
from edge.media.usecases.report_deliveries import DeliveryReporter
from meshkit.background import running
from meshkit.clock import now_ms
from meshkit.ulids import new_id


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on; ``spool`` is None where nobody is told what was delivered."""

    objects: ObjectStore
    capabilities: CapabilityVerifier
    denials: DenialReplica
    ledger: DeliveryLedger
    spool: Spool | None


def assemble(settings: Settings, parts: Parts) -> MediaServicer:
    """The origin's HTTP surface on ``parts``."""
    descriptors = DescriptorCache(parts.objects, settings.descriptor_cache_bytes)
    opener = AssetOpener(parts.capabilities, parts.denials, descriptors)
    return MediaServicer(opener, parts.objects, parts.ledger)


@asynccontextmanager
async def reporting(
    settings: Settings, ledger: DeliveryLedger, spool: Spool, reports: DeliveryReports
) -> AsyncIterator[None]:
    """Reports what is delivered during the block, and at its end what was not reported yet."""
    reporter = DeliveryReporter(
        ledger, spool, reports, every_s=settings.report_every_s, clock=now_ms, new_id=new_id
    )
    tasks = (reporter.save_regularly, reporter.report_regularly, reporter.take_over_regularly)
    async with running(*tasks):
        yield
    await reporter.finish()
