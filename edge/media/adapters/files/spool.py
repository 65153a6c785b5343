"""Batches that are yet to be reported, as files of a folder for each instance of a machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from segue.playback.v1.delivery_internal_service_pb2 import ReportDeliveriesRequest

from edge.media.adapters.files.held_folders import hold, make_and_hold
from edge.media.convert import batch_message, batch_of
from edge.media.domain.deliveries import Batch
from edge.media.ports.spool import SpoolFull
from meshkit.telemetry import counter, gauge

_SUFFIX = ".batch"
_UNDONE = ".part"
# Another instance may be about to take over what is in it.
_HELD_WITHIN_S = 5.0

_dropped = counter("delivery_dropped_batches", "Batches that were dropped unreported.", ["why"])
_kept = gauge("delivery_unreported_batches", "Batches that are yet to be reported.")

_log = structlog.get_logger()


class FileSpool:
    """A ``Spool``: a file a batch, named by its id, so that their order is that of the ids.

    The folder of an instance stands in ``root`` under its name. A process holds it for as long as
    it lives, so that what nobody holds was left by a dead one. Beyond ``capacity_bytes`` the oldest
    are dropped, logged and counted.
    """

    def __init__(self, root: Path, instance: str, capacity_bytes: int) -> None:
        """Finds what an earlier process has left. Raises OSError, also where one lives still."""
        self._root = root
        self._folder = folder = root / instance
        self._capacity_bytes = capacity_bytes
        self._descriptor = make_and_hold(folder, _HELD_WITHIN_S)
        for undone in folder.glob(f"*{_UNDONE}"):
            undone.unlink(missing_ok=True)
        found = sorted(folder.glob(f"*{_SUFFIX}"))
        self._sizes = {path.stem: path.stat().st_size for path in found}
        _kept.set(len(self._sizes))

    async def put(self, batch: Batch) -> None:
        """See ports.Spool."""
        content = batch_message(batch).SerializeToString()
        try:
            await asyncio.to_thread(self._write, batch.batch_id, content)
        except OSError as error:
            raise SpoolFull(f"{self._folder}: {error.strerror}") from error
        self._sizes[batch.batch_id] = len(content)
        while sum(self._sizes.values()) > self._capacity_bytes and len(self._sizes) > 1:
            self._drop(min(self._sizes), "full")
        _kept.set(len(self._sizes))

    async def oldest(self, limit: int) -> Sequence[Batch]:
        """See ports.Spool. A file that is no batch is dropped."""
        found: list[Batch] = []
        for batch_id in sorted(self._sizes):
            if len(found) == limit:
                break
            batch = await asyncio.to_thread(self._read, batch_id)
            if batch is None:
                self._drop(batch_id, "unreadable")
            else:
                found.append(batch)
        return found

    async def forget(self, batch_ids: Collection[str]) -> None:
        """See ports.Spool."""
        for batch_id in batch_ids:
            if self._sizes.pop(batch_id, None) is not None:
                self._path(batch_id).unlink(missing_ok=True)
        _kept.set(len(self._sizes))

    async def take_over(self) -> int:
        """See ports.Spool. What would not fit is left for later, or for others."""
        count = 0
        for folder in await asyncio.to_thread(self._foreign_folders):
            room = self._capacity_bytes - sum(self._sizes.values())
            moved = await asyncio.to_thread(self._move, folder, room)
            self._sizes.update(moved)
            count += len(moved)
            if moved:
                _log.info("deliveries_taken_over", folder=folder.name, batches=len(moved))
        _kept.set(len(self._sizes))
        return count

    def close(self) -> None:
        """See ports.Spool."""
        os.close(self._descriptor)

    def _foreign_folders(self) -> list[Path]:
        try:
            return [path for path in self._root.iterdir() if path != self._folder and path.is_dir()]
        except OSError as error:
            _log.warning("deliveries_not_taken_over", problem=str(error))
            return []

    def _move(self, folder: Path, room: int) -> dict[str, int]:
        """Moves what a dead instance left, up to ``room`` bytes; the sizes of what was moved.

        A move is one step of the file system: a batch is in one of the two folders whatever dies.
        """
        moved: dict[str, int] = {}
        descriptor = None
        try:
            if (descriptor := hold(folder)) is None:
                return moved
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                size = path.stat().st_size
                if sum(moved.values()) + size > room:
                    break
                path.replace(self._path(path.stem))
                moved[path.stem] = size
            else:
                for undone in folder.glob(f"*{_UNDONE}"):
                    undone.unlink()
                folder.rmdir()
            _sync(self._folder)
        except OSError as error:
            _log.warning("deliveries_not_taken_over", folder=folder.name, problem=str(error))
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return moved

    def _write(self, batch_id: str, content: bytes) -> None:
        """Under its name only when all of it is on disk."""
        undone = self._folder / f"{batch_id}{_UNDONE}"
        with undone.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        undone.replace(self._path(batch_id))
        _sync(self._folder)

    def _read(self, batch_id: str) -> Batch | None:
        try:
            message = ReportDeliveriesRequest.FromString(self._path(batch_id).read_bytes())
        except (OSError, DecodeError):
            return None
        return batch_of(message) if message.batch_id == batch_id else None

    def _drop(self, batch_id: str, why: str) -> None:
        del self._sizes[batch_id]
        self._path(batch_id).unlink(missing_ok=True)
        _dropped.labels(why).inc()
        _log.error("deliveries_dropped", batch_id=batch_id, why=why)

    def _path(self, batch_id: str) -> Path:
        return self._folder / f"{batch_id}{_SUFFIX}"


def _sync(folder: Path) -> None:
    """Returns when the names in the folder would survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
