"""Immutable objects under ``media/``, ``artwork/`` and ``descriptors/``, named by their hash."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from segue.catalog.v1 import asset_pb2

from catalog_svc import convert
from catalog_svc.domain.asset import Asset, StoredObject
from catalog_svc.ports.preparation import DescriptorLost
from meshkit.faults import Unavailable
from meshkit.objects import open_store, sync

T = TypeVar("T")

_FLYING = 8


class HashedObjects:
    """``MediaObjects`` on whatever obstore reaches: a folder, S3, GCS, Azure.

    In a folder an object appears whole or not at all, and is on the disk before its name is
    acknowledged: a power cut leaves no hollow object behind a committed track.
    """

    def __init__(self, url: str) -> None:
        self._store, self._folder = open_store(url)
        self._flying = asyncio.Semaphore(_FLYING)

    async def put_media(
        self, files: Sequence[Path], inspect: Callable[[bytes], T]
    ) -> list[tuple[StoredObject, T]]:
        return list(await asyncio.gather(*(self._put_file(file, inspect) for file in files)))

    async def put_artwork(self, image: bytes) -> str:
        return (await self._put("artwork", image)).sha256.hex()

    async def put_asset(self, asset: Asset) -> str:
        content = convert.descriptor(asset).SerializeToString(deterministic=True)
        return (await self._put("descriptors", content)).sha256.hex()

    async def asset(self, sha256: str) -> Asset:
        try:
            found = await obstore.get_async(self._store, f"descriptors/{sha256}")
            content = bytes(await found.bytes_async())
        except FileNotFoundError:
            raise DescriptorLost(sha256) from None
        except (BaseError, OSError) as error:
            raise Unavailable("The object store cannot be read.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DescriptorLost(sha256)
        return convert.asset(asset_pb2.AssetDescriptor.FromString(content))

    async def _put_file(self, file: Path, inspect: Callable[[bytes], T]) -> tuple[StoredObject, T]:
        async with self._flying:
            content = await asyncio.to_thread(file.read_bytes)
            return await self._put("media", content), inspect(content)

    async def _put(self, kind: str, content: bytes) -> StoredObject:
        digest = hashlib.sha256(content).digest()
        key = f"{kind}/{digest.hex()}"
        stored = StoredObject(digest, len(content))
        if await self._kept(key, content):
            return stored
        mode: Literal["overwrite", "create"] = "overwrite" if self._folder else "create"
        try:
            await obstore.put_async(self._store, key, content, mode=mode)
        except AlreadyExistsError:
            return stored
        if self._folder is not None:
            await asyncio.to_thread(sync, self._folder / key, self._folder)
        return stored

    async def _kept(self, key: str, content: bytes) -> bool:
        """Whether a folder holds the object already, whole and on the disk."""
        if self._folder is None:
            return False
        return await asyncio.to_thread(_keep, self._folder / key, self._folder, content)


def _keep(path: Path, root: Path, content: bytes) -> bool:
    """Make sure of a file that is there; False where it is not, or is not ``content``.

    Whoever wrote it may have been killed before it was on the disk, or may not be that far yet.
    """
    try:
        if path.stat().st_size != len(content) or path.read_bytes() != content:
            return False
        sync(path, root)
    except FileNotFoundError:
        return False
    return True
