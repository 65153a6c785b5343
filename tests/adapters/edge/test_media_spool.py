"""Batches on a real disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from ulid import ULID

from edge.media.adapters.spool import FileSpool
from edge.media.ports import Batch, Delivered, DeliveredSegment, SpoolFull

MANY = 1 << 20


def a_batch(batch_id: str = "") -> Batch:
    segments = (DeliveredSegment(1, 5_000, 10_000), DeliveredSegment(2, 10_000, 10_000))
    delivered = Delivered("a-session", "d" * 64, "flac", segments, 123_456)
    return Batch(batch_id or str(ULID()), 1_764_000_000_123, (delivered,))


def files(folder: Path) -> list[str]:
    return [path.stem for path in folder.iterdir()]


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def test_batches_come_back_whole_and_in_order_from_another_process(tmp_path: Path) -> None:
    batches = sorted((a_batch() for _ in range(5)), key=lambda batch: batch.batch_id)
    first = FileSpool(tmp_path, MANY)
    for batch in reversed(batches):
        await first.put(batch)
    second = FileSpool(tmp_path, MANY)
    assert list(await second.oldest(3)) == batches[:3]
    await second.forget([batches[0].batch_id, batches[2].batch_id, "unknown"])
    left = [batches[1], *batches[3:]]
    assert list(await second.oldest(10)) == left
    assert list(await FileSpool(tmp_path, MANY).oldest(10)) == left


async def test_what_a_crash_left_half_written_is_no_batch(tmp_path: Path) -> None:
    whole = a_batch()
    await FileSpool(tmp_path, MANY).put(whole)
    (tmp_path / f"{ULID()}.part").write_bytes(b"half")
    (tmp_path / f"{ULID()}.batch").write_bytes(b"\xff\xff")
    spool = FileSpool(tmp_path, MANY)
    assert list(await spool.oldest(10)) == [whole]
    assert files(tmp_path) == [whole.batch_id]


async def test_beyond_its_size_the_oldest_go(tmp_path: Path) -> None:
    batches = sorted((a_batch() for _ in range(4)), key=lambda batch: batch.batch_id)
    probe = FileSpool(tmp_path / "probe", MANY)
    await probe.put(batches[0])
    spool = FileSpool(tmp_path / "spool", 2 * bytes_in(tmp_path / "probe"))
    for batch in batches:
        await spool.put(batch)
    assert list(await spool.oldest(10)) == batches[2:]
    assert len(files(tmp_path / "spool")) == 2


async def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool", MANY)
    (tmp_path / "spool").rmdir()
    with pytest.raises(SpoolFull):
        await spool.put(a_batch())
    assert list(await spool.oldest(10)) == []


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    FileSpool(tmp_path / "a" / "spool", MANY)
    assert (tmp_path / "a" / "spool").stat().st_mode & 0o777 == 0o700
