"""Puts the origin together; the only place that names adapters."""

from __future__ import annotations

import time

from edge.media.adapters.keys import KeyFileJudge
from edge.media.adapters.ledger import MemoryLedger
from edge.media.adapters.objects import open_objects
from edge.media.servicer import MediaServicer
from edge.media.settings import Settings
from edge.media.usecases.assets import Assets
from edge.media.usecases.open_asset import AssetOpener
from meshkit.capability import KeyFile


def wire(settings: Settings) -> MediaServicer:
    """The origin as the settings say. Raises KeysUnusable, ValueError for a bad store URL."""
    objects = open_objects(settings.objects_url)
    judge = KeyFileJudge(KeyFile(settings.capability_keys_file), time.time)
    opener = AssetOpener(judge, Assets(objects, settings.descriptor_cache_bytes))
    return MediaServicer(opener, objects, MemoryLedger(settings.ledger_sessions))
