"""What was delivered is counted in memory, saved, and reported until it is counted for good."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest
from ulid import ULID

from edge.media.adapters.memory.delivery_ledger import MemoryLedger
from edge.media.domain.deliveries import Batch, Delivered, DeliveredSegment, Part
from edge.media.ports.spool import SpoolFull
from edge.media.usecases.report_deliveries import (
    MOST_BATCHES,
    MOST_DELIVERIES,
    MOST_SEGMENTS,
    REPORTED_WITHIN_MS,
    DeliveryReporter,
)
from meshkit.background import running
from meshkit.faults import InvalidArgument, Unavailable

NOW = 1_764_000_000_000
DESCRIPTOR = "d" * 64
INIT = Part("a", DESCRIPTOR, "128", 0, 700, 0)
FIRST = Part("a", DESCRIPTOR, "128", 1, 1_000, 10_000)


def segment(number: int, subject: str = "a", rung: str = "128") -> Part:
    return replace(FIRST, number=number, subject=subject, rung=rung)


def taken(ledger: MemoryLedger) -> tuple[Delivered, ...]:
    return ledger.take(MOST_DELIVERIES, MOST_SEGMENTS)


def test_every_recorded_byte_is_taken_once_with_the_sound_that_it_holds() -> None:
    ledger = MemoryLedger(10)
    ledger.record(INIT, 700)
    ledger.record(FIRST, 200)
    ledger.record(segment(1, "b", "flac"), 1_000)
    ledger.record(FIRST, 300)
    ledger.record(segment(2), 1_000)
    half, whole = DeliveredSegment(1, 5_000, 10_000), DeliveredSegment(2, 10_000, 10_000)
    found = [*ledger.take(1, MOST_SEGMENTS), *taken(ledger)]
    assert found == [
        Delivered("b", DESCRIPTOR, "flac", (DeliveredSegment(1, 10_000, 10_000),), 1_000),
        Delivered("a", DESCRIPTOR, "128", (half, whole), 2_200),
    ]
    assert taken(ledger) == ()


def test_a_segment_that_was_sent_twice_holds_no_more_sound() -> None:
    ledger = MemoryLedger(10)
    ledger.record(FIRST, 1_000)
    ledger.record(FIRST, 1_000)
    (found,) = taken(ledger)
    assert found.segments == (DeliveredSegment(1, 10_000, 10_000),)
    assert found.bytes_sent == 2_000


def test_the_ledger_is_bounded() -> None:
    ledger = MemoryLedger(2)
    for subject in ("a", "b", "c"):
        ledger.record(segment(1, subject), 1)
    assert [one.subject for one in taken(ledger)] == ["b", "c"]


def test_an_asset_of_any_length_comes_in_batches_that_are_taken() -> None:
    ledger, numbers, count = MemoryLedger(100), [], 0
    for number in range(1, 25_001):
        ledger.record(segment(number), 1_000)
    while found := taken(ledger):
        assert sum(len(one.segments) for one in found) <= MOST_SEGMENTS
        numbers += [part.number for one in found for part in one.segments]
        count += sum(one.bytes_sent for one in found)
    assert sorted(numbers) == list(range(1, 25_001))
    assert count == 25_000 * 1_000


@dataclass
class MemorySpool:
    """A ``Spool`` that outlives its reporter; ``full`` for a disk that takes nothing.

    ``left`` is what a dead instance has left.
    """

    kept: dict[str, Batch] = field(default_factory=dict)
    left: dict[str, Batch] = field(default_factory=dict)
    full: bool = False

    async def put(self, batch: Batch) -> None:
        if self.full:
            raise SpoolFull("no space left on device")
        self.kept[batch.batch_id] = batch

    async def oldest(self, limit: int) -> Sequence[Batch]:
        return [self.kept[batch_id] for batch_id in sorted(self.kept)[:limit]]

    async def forget(self, batch_ids: Collection[str]) -> None:
        for batch_id in batch_ids:
            self.kept.pop(batch_id, None)

    async def take_over(self) -> int:
        found, self.left = self.left, {}
        self.kept |= found
        return len(found)

    def close(self) -> None:
        pass


@dataclass
class Playback:
    """``DeliveryReports`` that count each batch once and answer as a test says."""

    counted: dict[str, Batch] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    away: bool = False
    loses_answers: bool = False
    takes: int = MOST_BATCHES

    async def report(self, batches: Sequence[Batch]) -> Collection[str]:
        self.calls.append(len(batches))
        if self.away:
            raise Unavailable("away")
        for batch in batches[: self.takes]:
            if batch.batch_id in self.bad:
                raise InvalidArgument.field("deliveries", "is wrong")
            self.counted.setdefault(batch.batch_id, batch)
        if self.loses_answers:
            raise Unavailable("the connection broke")
        return [batch.batch_id for batch in batches[: self.takes]]


class Origin:
    """A ledger and its reporter over a disk and a playback service that outlive them."""

    def __init__(self, spool: MemorySpool, playback: Playback, now: int = NOW) -> None:
        self.ledger = MemoryLedger(100)
        self.reporter = DeliveryReporter(
            self.ledger, spool, playback,
            every_s=1.0, clock=lambda: now, new_id=lambda: str(ULID()),
        )  # fmt: skip

    async def reports_all(self) -> None:
        while await self.reporter.report():
            pass


@pytest.fixture
def spool() -> MemorySpool:
    return MemorySpool()


@pytest.fixture
def playback() -> Playback:
    return Playback()


@pytest.fixture
def origin(spool: MemorySpool, playback: Playback) -> Origin:
    return Origin(spool, playback)


def bytes_counted(playback: Playback) -> int:
    return sum(one.bytes_sent for batch in playback.counted.values() for one in batch.deliveries)


async def test_what_was_delivered_is_saved_and_then_reported(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    origin.ledger.record(FIRST, 1_000)
    await origin.reporter.save()
    (batch,) = spool.kept.values()
    assert (batch.delivered_at_ms, batch.deliveries[0].bytes_sent) == (NOW, 1_000)
    assert await origin.reporter.report()
    assert list(playback.counted.values()) == [batch]
    assert spool.kept == {}
    assert not await origin.reporter.report()


async def test_nothing_delivered_is_no_batch(origin: Origin, spool: MemorySpool) -> None:
    await origin.reporter.save()
    assert spool.kept == {}


async def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    origin.ledger.record(FIRST, 1_000)
    await origin.reporter.save()
    playback.loses_answers = True
    with pytest.raises(Unavailable):
        await origin.reporter.report()
    playback.loses_answers = False
    await origin.reports_all()
    assert (bytes_counted(playback), spool.kept) == (1_000, {})


async def test_what_a_process_saved_is_reported_by_the_next_under_the_same_id(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    origin.ledger.record(FIRST, 1_000)
    await origin.reporter.save()
    playback.loses_answers = True
    with pytest.raises(Unavailable):
        await origin.reporter.report()
    playback.loses_answers = False
    await Origin(spool, playback).reports_all()
    assert (bytes_counted(playback), spool.kept) == (1_000, {})


async def test_a_full_disk_loses_nothing(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    spool.full = True
    for _ in range(2):
        origin.ledger.record(FIRST, 1_000)
        with pytest.raises(SpoolFull):
            await origin.reporter.save()
    spool.full = False
    await origin.reporter.save()
    await origin.reports_all()
    assert bytes_counted(playback) == 2_000


async def test_many_batches_go_in_as_many_reports_as_are_taken(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    for _ in range(MOST_BATCHES + 5):
        origin.ledger.record(FIRST, 1_000)
        await origin.reporter.save()
    playback.takes = 60
    await origin.reports_all()
    assert playback.calls == [100, 45]
    assert (bytes_counted(playback), spool.kept) == (105_000, {})


async def test_a_batch_that_is_refused_goes_alone_and_keeps_back_no_other(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    for _ in range(5):
        origin.ledger.record(FIRST, 1_000)
        await origin.reporter.save()
    playback.bad = {sorted(spool.kept)[2]}
    await origin.reports_all()
    assert (bytes_counted(playback), spool.kept) == (4_000, {})


async def test_what_is_too_old_to_be_told_apart_is_dropped(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    for age_ms in (REPORTED_WITHIN_MS, REPORTED_WITHIN_MS + 1):
        batch = Batch(str(ULID()), NOW - age_ms, (Delivered("a", DESCRIPTOR, "128", (), age_ms),))
        await spool.put(batch)
    await origin.reports_all()
    assert (bytes_counted(playback), spool.kept) == (REPORTED_WITHIN_MS, {})


async def test_what_a_process_ends_with_is_saved_though_nobody_answers(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    playback.away = True
    origin.ledger.record(FIRST, 1_000)
    await origin.reporter.finish()
    assert len(spool.kept) == 1
    playback.away = False
    await origin.reporter.finish()
    assert (bytes_counted(playback), spool.kept) == (1_000, {})


async def test_what_a_dead_instance_left_is_reported_without_anything_new_to_save(
    origin: Origin, spool: MemorySpool, playback: Playback
) -> None:
    batch = Batch(str(ULID()), NOW, (Delivered("a", DESCRIPTOR, "128", (), 1_000),))
    async with running(origin.reporter.report_regularly):
        for _ in range(10):
            await asyncio.sleep(0)
        spool.left[batch.batch_id] = batch
        async with running(origin.reporter.take_over_regularly):
            while not playback.counted:
                await asyncio.sleep(0)
    assert list(playback.counted.values()) == [batch]
