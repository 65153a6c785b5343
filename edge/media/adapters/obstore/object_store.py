"""Objects in any store that obstore speaks to; local ones also as plain files."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from edge.media.ports.object_store import LocalFile, ObjectMissing, StoreUnavailable
from meshkit import telemetry

if TYPE_CHECKING:
    from obstore import BytesStream

_CHUNK_BYTES = 1 << 18


class ObstoreObjects:
    """Objects of an obstore store: S3, GCS, Azure, memory, local."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def read(self, key: str) -> bytes:
        """See ports.ObjectStore."""
        try:
            with telemetry.client_span("GET object", {"object_store.key": key}):
                result = await obstore.get_async(self._store, key)
                return bytes(await result.bytes_async())
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        except (BaseError, OSError) as error:
            raise StoreUnavailable(key) from error

    async def size(self, key: str) -> int:
        """See ports.ObjectStore."""
        try:
            with telemetry.client_span("HEAD object", {"object_store.key": key}):
                return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        except (BaseError, OSError) as error:
            raise StoreUnavailable(key) from error

    async def open(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See ports.ObjectStore."""
        try:
            with telemetry.client_span("GET object", {"object_store.key": key}):
                result = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        except (BaseError, OSError) as error:
            raise StoreUnavailable(key) from error
        return _chunks(key, result.stream(min_chunk_size=_CHUNK_BYTES))

    def local_file(self, key: str) -> LocalFile | None:
        """See ports.ObjectStore: the store is elsewhere."""
        del key
        return None


class LocalObjects(ObstoreObjects):
    """Objects under a folder of this machine, which the kernel can send by itself."""

    def __init__(self, root: Path) -> None:
        super().__init__(LocalStore(root, mkdir=True))
        self._root = root

    def local_file(self, key: str) -> LocalFile:
        """See ports.ObjectStore."""
        path = self._root / key
        try:
            # On the event loop: a stat of a warm directory costs less than the hop to a thread.
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing(key) from None
        except OSError as error:
            raise StoreUnavailable(key) from error
        if not stat.S_ISREG(status.st_mode):
            raise ObjectMissing(key)
        return LocalFile(path, status.st_size)


def open_objects(url: str) -> ObstoreObjects:
    """The objects under a URL: ``file:///path``, ``s3://bucket/prefix``, ``memory:///``, …

    Raises ValueError for a URL that names no store.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalObjects(Path(unquote(parts.path)))
    try:
        return ObstoreObjects(from_url(url))
    except BaseError as error:
        raise ValueError(f"no object store at {url!r}: {error}") from error


async def _chunks(key: str, stream: BytesStream) -> AsyncIterator[bytes]:
    try:
        async for chunk in stream:
            yield bytes(chunk)
    except (BaseError, OSError) as error:
        raise StoreUnavailable(key) from error
