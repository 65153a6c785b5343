"""Batches that are yet to be reported, as files of a folder of this instance's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from segue.playback.v1.delivery_internal_service_pb2 import ReportDeliveriesRequest

from edge.media.convert import batch_message, batch_of
from edge.media.ports import Batch, SpoolFull
from meshkit.telemetry import counter, gauge

_SUFFIX = ".batch"
_UNDONE = ".part"

_dropped = counter("delivery_dropped_batches", "Batches that were dropped unreported.", ["why"])
_kept = gauge("delivery_unreported_batches", "Batches that are yet to be reported.")

_log = structlog.get_logger()


class FileSpool:
    """A ``Spool``: a file a batch, named by its id, so that their order is that of the ids.

    Beyond ``capacity_bytes`` the oldest are dropped, logged and counted.
    """

    def __init__(self, folder: Path, capacity_bytes: int) -> None:
        """Finds what an earlier process has left. Raises OSError."""
        self._folder = folder
        self._capacity_bytes = capacity_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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

    def _write(self, batch_id: str, content: bytes) -> None:
        """Under its name only when all of it is on disk."""
        undone = self._folder / f"{batch_id}{_UNDONE}"
        with undone.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        undone.replace(self._path(batch_id))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

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
