"""Rounds that tell how often tracks were played."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catalog_svc.domain.plays import Play, outgrown
from catalog_svc.usecases import publish_stream_counts
from catalog_svc.usecases.publish_stream_counts import PublishStreamCounts
from meshkit.leases import Lease, MemoryLeases


class Counts:
    """``PlayCounts`` of which only the telling is asked: ids that have outgrown."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.grown = sorted(ids)
        self.told: list[str] = []

    async def publish_outgrown(self, *, after: str, limit: int) -> list[str]:
        ids = [one for one in self.grown if one > after][:limit]
        self.grown = [one for one in self.grown if one not in ids]
        self.told += ids
        return ids

    async def prune(self) -> int:
        raise AssertionError

    async def resume_token(self) -> str:
        raise AssertionError

    async def begin_listing(self) -> None:
        raise AssertionError

    async def end_listing(self) -> None:
        raise AssertionError

    async def apply(self, changes: Sequence[Play], resume_token: str) -> None:
        raise AssertionError


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_stream_counts, "_BATCH", 2)
    monkeypatch.setattr(publish_stream_counts, "MAX_A_ROUND", 4)


async def test_a_round_tells_all_that_have_grown() -> None:
    counts = Counts("abc")
    assert await PublishStreamCounts(counts)() == 3
    assert counts.told == list("abc")


async def test_a_round_is_bounded_and_the_next_goes_on_behind_it() -> None:
    counts = Counts("abcdef")
    rounds = PublishStreamCounts(counts)
    assert await rounds() == 4
    counts.grown = sorted([*counts.grown, *"ab"])
    assert await rounds() == 2
    assert counts.told == list("abcdef")
    assert await rounds() == 2
    assert counts.told[-2:] == ["a", "b"]


async def test_one_instance_makes_the_rounds() -> None:
    leases = MemoryLeases()
    counts = Counts("ab")
    first, second = (PublishStreamCounts(counts, Lease(leases, "tell")) for _ in range(2))
    assert await first() == 2
    counts.grown = ["c"]
    assert await second() == 0
    assert await first() == 1


@pytest.mark.parametrize(
    ("told", "total", "expected"),
    [(0, 0, False), (0, 1, True), (1, 2, True), (9, 10, True), (10, 11, False), (10, 12, True),
     (100, 110, False), (100, 111, True), (1 << 62, 1 << 62, False)],
)  # fmt: skip
def test_a_count_is_told_when_it_has_grown_by_a_tenth(
    told: int, total: int, expected: bool
) -> None:
    assert outgrown(total, told) is expected


def test_a_million_plays_are_told_few_times() -> None:
    told = times = 0
    for total in range(1_000_001):
        if outgrown(total, told):
            told, times = total, times + 1
    assert times < 150
