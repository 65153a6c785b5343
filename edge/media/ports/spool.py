"""Batches on disk, until they are reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from edge.media.domain.deliveries import Batch


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
