"""What the rungs of tracks weigh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

import structlog

from catalog_svc.domain.catalogue import Streamable
from catalog_svc.ports.catalogue import Playables
from catalog_svc.ports.preparation import DescriptorLost, Descriptors
from meshkit.aging import AgingCache

_log = structlog.get_logger()
_KEPT = 20_000
_KEPT_S = 86_400.0
_AT_ONCE = 32

Sizes = tuple[int, ...]
"""Bytes of the rungs of a descriptor, in its order."""


class LookupAssets:
    """Tracks that can be streamed, with the sizes of their rungs.

    Sizes are those of the descriptor, which never changes: each is read once and kept.
    """

    def __init__(self, playables: Playables, descriptors: Descriptors) -> None:
        self._playables = playables
        self._descriptors = descriptors
        self._sizes: AgingCache[str, Sizes] = AgingCache(_KEPT, _KEPT_S, time.monotonic)

    async def __call__(self, track_ids: Collection[str]) -> list[tuple[Streamable, Sizes]]:
        """Those of the tracks that have a READY rung, in no order.

        One whose descriptor is lost has nothing that could be fetched, and is left out.
        """
        found = await self._playables.streamable(set(track_ids))
        sizes, missing = self._sizes.find([one.descriptor for one in found])
        slots = asyncio.Semaphore(_AT_ONCE)
        read = await asyncio.gather(*(self._read(descriptor, slots) for descriptor in missing))
        sizes |= {name: told for name, told in zip(missing, read, strict=True) if told is not None}
        return [(one, sizes[one.descriptor]) for one in found if one.descriptor in sizes]

    async def _read(self, descriptor: str, slots: asyncio.Semaphore) -> Sizes | None:
        """What the rungs weigh; None for a descriptor that is lost."""
        try:
            async with slots:
                asset = await self._descriptors.asset(descriptor)
        except DescriptorLost:
            _log.warning("asset_descriptor_lost", descriptor=descriptor)
            return None
        sizes = tuple(rung.size for rung in asset.rungs)
        self._sizes.keep(descriptor, sizes, time.monotonic())
        return sizes
