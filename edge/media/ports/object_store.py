"""Where media objects are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


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
