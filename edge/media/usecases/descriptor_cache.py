"""Descriptors at hand: read once from the store, checked against their hash, kept in memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import partial

from google.protobuf.message import DecodeError
from segue.catalog.v1.asset_pb2 import AssetDescriptor

from edge.media.ports.object_store import ObjectStore, StoreUnavailable
from meshkit.single_flight import SingleFlight


class DescriptorCache:
    """A cache of descriptors bounded by the bytes of their stored form, the least used go first.

    Descriptors are immutable and named by their hash, so nothing in it is ever stale.
    """

    def __init__(self, objects: ObjectStore, capacity_bytes: int) -> None:
        self._objects = objects
        self._capacity_bytes = capacity_bytes
        self._held: OrderedDict[str, tuple[AssetDescriptor, int]] = OrderedDict()
        self._held_bytes = 0
        self._loads: SingleFlight[str, AssetDescriptor] = SingleFlight()

    async def get(self, sha256: str) -> AssetDescriptor:
        """The descriptor of this hash (64 lower-case hex digits).

        One load a hash at a time, however many ask. Raises ObjectMissing, StoreUnavailable.
        """
        held = self._held.get(sha256)
        if held is not None:
            self._held.move_to_end(sha256)
            return held[0]
        return await self._loads(sha256, partial(self._load, sha256))

    async def _load(self, sha256: str) -> AssetDescriptor:
        stored = await self._objects.read(f"descriptors/{sha256}")
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise StoreUnavailable(f"descriptor {sha256} does not match its hash")
        try:
            descriptor = AssetDescriptor.FromString(stored)
        except DecodeError as error:
            raise StoreUnavailable(f"descriptor {sha256} cannot be decoded") from error
        self._keep(sha256, descriptor, len(stored))
        return descriptor

    def _keep(self, sha256: str, descriptor: AssetDescriptor, size: int) -> None:
        self._held[sha256] = (descriptor, size)
        self._held_bytes += size
        while self._held_bytes > self._capacity_bytes and len(self._held) > 1:
            _, (_, freed) = self._held.popitem(last=False)
            self._held_bytes -= freed
