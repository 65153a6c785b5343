"""Batches on a real disk."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ulid import ULID

from edge.media.adapters.files.spool import FileSpool
from edge.media.domain.deliveries import Batch, Delivered, DeliveredSegment
from edge.media.ports.spool import SpoolFull

MANY = 1 << 20


def a_batch(batch_id: str = "") -> Batch:
    segments = (DeliveredSegment(1, 5_000, 10_000), DeliveredSegment(2, 10_000, 10_000))
    delivered = Delivered("a-session", "d" * 64, "flac", segments, 123_456)
    return Batch(batch_id or str(ULID()), 1_764_000_000_123, (delivered,))


@contextmanager
def a_spool(root: Path, instance: str = "media-1", capacity: int = MANY) -> Iterator[FileSpool]:
    """A spool as a process has it while it lives."""
    spool = FileSpool(root, instance, capacity)
    try:
        yield spool
    finally:
        spool.close()


def files(folder: Path) -> list[str]:
    return [path.stem for path in folder.iterdir()]


def folders(root: Path) -> list[str]:
    return [path.name for path in root.iterdir()]


def in_order(count: int) -> list[Batch]:
    return sorted((a_batch() for _ in range(count)), key=lambda batch: batch.batch_id)


async def size_of(root: Path, batch: Batch) -> int:
    """How many bytes a batch is on disk."""
    with a_spool(root.parent / f"{root.name}-probe") as probe:
        await probe.put(batch)
    return sum(path.stat().st_size for path in (root.parent / f"{root.name}-probe").glob("*/*"))


async def test_batches_come_back_whole_and_in_order_from_another_process(tmp_path: Path) -> None:
    batches = in_order(5)
    with a_spool(tmp_path) as first:
        for batch in reversed(batches):
            await first.put(batch)
    with a_spool(tmp_path) as second:
        assert list(await second.oldest(3)) == batches[:3]
        await second.forget([batches[0].batch_id, batches[2].batch_id, "unknown"])
        left = [batches[1], *batches[3:]]
        assert list(await second.oldest(10)) == left
    with a_spool(tmp_path) as third:
        assert list(await third.oldest(10)) == left


async def test_what_a_crash_left_half_written_is_no_batch(tmp_path: Path) -> None:
    whole, folder = a_batch(), tmp_path / "media-1"
    with a_spool(tmp_path) as spool:
        await spool.put(whole)
    (folder / f"{ULID()}.part").write_bytes(b"half")
    (folder / f"{ULID()}.batch").write_bytes(b"\xff\xff")
    with a_spool(tmp_path) as spool:
        assert list(await spool.oldest(10)) == [whole]
    assert files(folder) == [whole.batch_id]


async def test_beyond_its_size_the_oldest_go(tmp_path: Path) -> None:
    batches = in_order(4)
    with a_spool(tmp_path, capacity=2 * await size_of(tmp_path, batches[0])) as spool:
        for batch in batches:
            await spool.put(batch)
        assert list(await spool.oldest(10)) == batches[2:]
    assert len(files(tmp_path / "media-1")) == 2


async def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with a_spool(tmp_path) as spool:
        (tmp_path / "media-1").rmdir()
        with pytest.raises(SpoolFull):
            await spool.put(a_batch())
        assert list(await spool.oldest(10)) == []


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    with a_spool(tmp_path / "spools"):
        assert (tmp_path / "spools" / "media-1").stat().st_mode & 0o777 == 0o700


def test_two_processes_of_one_name_do_not_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.media.adapters.files.spool._HELD_WITHIN_S", 0.1)
    with a_spool(tmp_path), pytest.raises(OSError, match="another process"):
        FileSpool(tmp_path, "media-1", MANY)


HOLDER = """
import asyncio, sys
from pathlib import Path
from edge.media.adapters.files.spool import FileSpool
from tests.adapters.edge.test_media_spool import MANY, a_batch

async def main():
    spool = FileSpool(Path(sys.argv[1]), "media-2", MANY)
    for batch_id in sys.argv[2:]:
        await spool.put(a_batch(batch_id))
    print("saved", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@contextmanager
def another_process(root: Path, *batches: Batch) -> Iterator[subprocess.Popen[str]]:
    """The process of another instance, which has saved these batches; killed in the end."""
    command = [sys.executable, "-c", HOLDER, str(root), *(one.batch_id for one in batches)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "saved\n"
            yield other
        finally:
            other.send_signal(signal.SIGKILL)


async def test_what_a_killed_instance_left_is_taken_over_and_nothing_of_one_that_lives(
    tmp_path: Path,
) -> None:
    batches = in_order(3)
    with a_spool(tmp_path) as spool:
        await spool.put(batches[1])
        with another_process(tmp_path, batches[0], batches[2]):
            assert await spool.take_over() == 0
            assert list(await spool.oldest(10)) == [batches[1]]
        assert await spool.take_over() == 2
        assert list(await spool.oldest(10)) == batches
        assert await spool.take_over() == 0
    with a_spool(tmp_path) as again:
        assert list(await again.oldest(10)) == batches
    assert folders(tmp_path) == ["media-1"]


async def test_of_many_that_would_take_over_each_batch_goes_to_one(tmp_path: Path) -> None:
    batches = in_order(40)
    with a_spool(tmp_path, "dead") as dead:
        for batch in batches:
            await dead.put(batch)
    with a_spool(tmp_path) as one, a_spool(tmp_path, "media-2") as other:
        moved = await asyncio.gather(*(each.take_over() for each in (one, other) * 3))
        kept = [*await one.oldest(100), *await other.oldest(100)]
    assert sum(moved) == 40
    assert sorted(kept, key=lambda batch: batch.batch_id) == batches


async def test_what_does_not_fit_is_left_where_it_is(tmp_path: Path) -> None:
    batches = in_order(4)
    with a_spool(tmp_path, "dead") as dead:
        for batch in batches:
            await dead.put(batch)
    size = await size_of(tmp_path, batches[0])
    with a_spool(tmp_path, capacity=3 * size) as spool:
        assert await spool.take_over() == 3
        assert list(await spool.oldest(10)) == batches[:3]
        assert files(tmp_path / "dead") == [batches[3].batch_id]
        await spool.forget([batches[0].batch_id])
        assert await spool.take_over() == 1
        assert list(await spool.oldest(10)) == batches[1:]
