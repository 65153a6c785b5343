"""What the rungs of tracks weigh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from catalog_svc.domain.catalogue import Streamable
from catalog_svc.ports.catalogue import Playables
from catalog_svc.ports.preparation import Descriptors
from meshkit.aging import AgingCache

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
        """Those of the tracks that have a READY rung, in no order."""
        found = await self._playables.streamable(set(track_ids))
        sizes, missing = self._sizes.find([one.descriptor for one in found])
        slots = asyncio.Semaphore(_AT_ONCE)
        read = await asyncio.gather(*(self._read(descriptor, slots) for descriptor in missing))
        sizes |= dict(zip(missing, read, strict=True))
        return [(one, sizes[one.descriptor]) for one in found]

    async def _read(self, descriptor: str, slots: asyncio.Semaphore) -> Sizes:
        async with slots:
            asset = await self._descriptors.asset(descriptor)
        sizes = tuple(rung.size for rung in asset.rungs)
        self._sizes.keep(descriptor, sizes, time.monotonic())
        return sizes
