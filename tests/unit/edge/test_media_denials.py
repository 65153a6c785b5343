"""What is known of denials at the origin: the newest of each subject, bounded, until its time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from edge.media.adapters.memory.denials import MemoryDenials
from edge.media.domain.denials import Denial
from meshkit import telemetry

NOW = 1_764_000_000.0
NONE = frozenset[str]()


@dataclass
class Known:
    """Denials in memory, at most ten, whose time passes when a test says so."""

    now: float = NOW
    denials: MemoryDenials = field(init=False)

    def __post_init__(self) -> None:
        self.denials = MemoryDenials(10, lambda: self.now)

    async def told(
        self, subject: str, *rungs: str, version: int = 1, forget_at: float = NOW + 60
    ) -> None:
        await self.denials.apply([Denial(subject, version, frozenset(rungs), forget_at)], "t")

    def left(self, *subjects: str) -> list[frozenset[str] | None]:
        return [self.denials.rungs_left(subject) for subject in subjects]


@pytest.fixture
def known() -> Known:
    return Known()


async def test_whoever_was_not_denied_has_all(known: Known) -> None:
    await known.told("a")
    assert known.left("a", "b") == [NONE, None]


async def test_the_highest_version_counts_however_they_come(known: Known) -> None:
    await known.told("a", "128", version=1)
    await known.told("a", version=3)
    await known.told("a", "128", "320", version=2)
    assert known.left("a") == [NONE]
    await known.told("a", "128", version=4)
    assert known.left("a") == [{"128"}]


async def test_a_denial_counts_up_to_its_time(known: Known) -> None:
    await known.told("a", forget_at=NOW + 60)
    known.now = NOW + 59
    assert known.left("a") == [NONE]
    known.now = NOW + 60
    assert known.left("a") == [None]


async def test_beyond_the_bound_those_go_that_were_told_longest_ago(known: Known) -> None:
    counter = telemetry.degraded.labels(part="denials", mode="open")
    before = counter._value.get()
    for number in range(10):
        await known.told(f"s{number}")
    await known.told("s0", version=2)
    await known.told("s10")
    assert known.left("s1", "s0") == [None, NONE]
    assert known.left(*(f"s{number}" for number in range(2, 11))) == [NONE] * 9
    assert counter._value.get() == before + 1


async def test_what_is_over_its_time_makes_room_first(known: Known) -> None:
    for number in range(5):
        await known.told(f"old{number}", forget_at=NOW + 1)
    known.now = NOW + 2
    for number in range(10):
        await known.told(f"s{number}")
    assert known.left(*(f"s{number}" for number in range(10))) == [NONE] * 10


async def test_a_listing_is_believed_and_drops_what_it_does_not_tell(known: Known) -> None:
    await known.told("gone", version=7)
    await known.told("again", version=7)
    await known.denials.begin_listing()
    await known.told("again", "128", version=1)
    assert known.left("gone", "again") == [NONE, {"128"}]
    await known.denials.end_listing()
    assert known.left("gone", "again") == [None, {"128"}]
