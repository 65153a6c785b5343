"""Descriptors at hand: read once from the store, checked against their hash, kept in memory."""

from __future__ import annotations

import hashlib
import math
import time
from functools import partial

from google.protobuf.message import DecodeError
from segue.catalog.v1.asset_pb2 import AssetDescriptor

from edge.media.ports.object_store import ObjectStore, StoreUnavailable
from meshkit.aging import AgingCache
from meshkit.single_flight import SingleFlight


class DescriptorCache:
    """A cache of descriptors bounded by the bytes of their stored form, the least used go first.

    Descriptors are immutable and named by their hash, so nothing in it is ever stale.
    """

    def __init__(self, objects: ObjectStore, capacity_bytes: int) -> None:
        self._objects = objects
        self._cache: AgingCache[str, AssetDescriptor] = AgingCache(
            capacity_bytes, math.inf, time.monotonic
        )
        self._loads: SingleFlight[str, AssetDescriptor] = SingleFlight()

    async def get(self, sha256: str) -> AssetDescriptor:
        """The descriptor of this hash (64 lower-case hex digits).

        One load a hash at a time, however many ask. Raises ObjectMissing, StoreUnavailable.
        """
        held = self._cache.get(sha256)
        return held if held is not None else await self._loads(sha256, partial(self._load, sha256))

    async def _load(self, sha256: str) -> AssetDescriptor:
        stored = await self._objects.read(f"descriptors/{sha256}")
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise StoreUnavailable(f"descriptor {sha256} does not match its hash")
        try:
            descriptor = AssetDescriptor.FromString(stored)
        except DecodeError as error:
            raise StoreUnavailable(f"descriptor {sha256} cannot be decoded") from error
        self._cache.keep(sha256, descriptor, time.monotonic(), len(stored))
        return descriptor
