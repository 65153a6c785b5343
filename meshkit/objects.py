"""Objects in whatever obstore reaches: a folder, S3, GCS, Azure.

In a folder an object appears whole or not at all, and is on the disk before ``put`` returns: a
power cut leaves no hollow object behind what was committed after it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from meshkit.faults import Unavailable


def open_store(url: str) -> tuple[ObjectStore, Path | None]:
    """The store behind ``file:///…``, ``s3://…`` …, and its folder where it is a local one.

    A folder is made where there is none.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        return LocalStore(folder, mkdir=True), folder
    return from_url(url), None


def sync(path: Path, root: Path) -> None:
    """Has a file, and the folders from ``root`` down in which it is named, be on the disk."""
    above = (parent for parent in path.parents if parent == root or root in parent.parents)
    for target in (path, *above):
        handle = os.open(target, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Objects:
    """Objects of the store behind ``url`` whose names begin with ``prefix``, which is left out.

    All calls raise Unavailable.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._store, self._folder = open_store(url)
        self._prefix = prefix

    async def put(self, name: str, content: bytes) -> None:
        """Stores ``content``, over what had the name before."""
        with _translated():
            await obstore.put_async(self._store, self._prefix + name, content)
            if self._folder is not None:
                await asyncio.to_thread(sync, self._folder / (self._prefix + name), self._folder)

    async def get(self, name: str) -> bytes | None:
        """The content; None where there is no such object."""
        try:
            with _translated():
                found = await obstore.get_async(self._store, self._prefix + name)
                return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None

    async def names(self, under: str = "") -> list[str]:
        """The names of all objects in the folder ``under`` ('': in any), in order."""
        found: list[str] = []
        with _translated():
            async for some in obstore.list(self._store, prefix=f"{self._prefix}{under}"):
                found += [str(one["path"]).removeprefix(self._prefix) for one in some]
        return sorted(found)

    async def delete(self, name: str) -> None:
        """Drops an object; one that is not there makes no difference."""
        try:
            with _translated():
                await obstore.delete_async(self._store, self._prefix + name)
        except FileNotFoundError:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable("The object store cannot answer.") from error
