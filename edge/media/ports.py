"""What the origin asks of the world: objects, capabilities verified, what it sent counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from meshkit.capability import Capability


class ObjectMissing(Exception):
    """There is no object under this key."""


class StoreUnavailable(Exception):
    """The store cannot answer now."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """An object that is a file of this machine, for responses that the kernel sends by itself."""

    path: Path
    size: int


class ObjectStore(Protocol):
    """Immutable objects by key, e.g. ``media/<sha256 hex>``.

    Every method must raise ObjectMissing for an unknown key, and StoreUnavailable when the store
    fails.
    """

    async def read(self, key: str) -> bytes:
        """The whole object; for small ones."""
        ...

    async def size(self, key: str) -> int:
        """Its length in bytes."""
        ...

    async def open(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes ``start`` to ``end`` (exclusive), in order and in chunks.

        Must know that the object exists before it returns; a failure after that ends the iteration
        with StoreUnavailable.
        """
        ...

    def local_file(self, key: str) -> LocalFile | None:
        """The object as a file of this machine; None where the store is elsewhere."""
        ...


class CapabilityVerifier(Protocol):
    """Tells genuine capabilities from others."""

    def verify(self, text: str, resource: str) -> Capability:
        """What the text grants on the resource now.

        Must raise meshkit.capability.CapabilityInvalid or CapabilityExpired otherwise.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What one answer is of: a part of an asset's rung, as one subject may have it.

    ``number`` is that of a media segment, 0 for the initialisation segment, whose sound lasts 0 ms.
    """

    subject: str
    descriptor: str
    rung: str
    number: int
    size: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DeliveredSegment:
    """How much sound was sent of a media segment, in ms of its length."""

    number: int
    delivered_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one subject was sent of one rung of an asset."""

    subject: str
    descriptor: str
    rung: str
    segments: tuple[DeliveredSegment, ...]
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that are reported together, under an id that is given once."""

    batch_id: str
    delivered_at_ms: int
    deliveries: tuple[Delivered, ...]


class DeliveryLedger(Protocol):
    """Counts what each subject was sent, until it is taken on to be reported."""

    def record(self, part: Part, bytes_sent: int) -> None:
        """Adds to the count. Must not block and must not fail."""
        ...

    def take(self, limit: int, segments: int) -> tuple[Delivered, ...]:
        """Removes and returns at most ``limit`` counts, with at most ``segments`` in all.

        The longest silent come first. Every recorded byte must be in exactly one answer; none is
        left out for good where ``segments`` is 1,000 or more.
        """
        ...


class SpoolFull(Exception):
    """The batch could not be kept: the disk is full or away."""


class Spool(Protocol):
    """Batches that are yet to be reported; they outlive the process."""

    async def put(self, batch: Batch) -> None:
        """Returns once the batch would survive a crash of the machine. Raises SpoolFull."""
        ...

    async def oldest(self, limit: int) -> Sequence[Batch]:
        """The first ``limit`` batches that are kept, in the order of their ids."""
        ...

    async def forget(self, batch_ids: Collection[str]) -> None:
        """Drops these batches; those that are not kept are no error."""
        ...

    async def take_over(self) -> int:
        """Keeps from now on what dead instances of this machine have left; how many batches.

        Each must be kept by exactly one instance, and none may be taken from one that lives.
        """
        ...

    def close(self) -> None:
        """Nothing more is done with it here: what it keeps may be taken over."""
        ...


class DeliveryReports(Protocol):
    """Who wants to know what was delivered."""

    async def report(self, batches: Sequence[Batch]) -> Collection[str]:
        """Reports batches; returns the ids of those that are counted for good, maybe not of all.

        A batch may be reported again. Raises Unavailable, and InvalidArgument where a batch of
        these is none.
        """
        ...
