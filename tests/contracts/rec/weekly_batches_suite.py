"""What the stores of the batches of weekly lists must do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest

from meshkit.testing.at_once import at_once
from rec_svc.domain.weeks import Week
from rec_svc.ports.weekly_batches import WeeklyBatches

WEEK = Week(2026, 53)


class WeeklyBatchesContract(ABC):
    """A week has one batch, which goes on where it was."""

    @abstractmethod
    @pytest.fixture
    def batches(self) -> WeeklyBatches:
        """The store under test."""

    @abstractmethod
    async def queued(self, batches: WeeklyBatches) -> list[Week]:
        """The weeks of the jobs that wait."""

    async def test_of_starts_at_once_one_starts_it(self, batches: WeeklyBatches) -> None:
        started = await at_once([batches.start(WEEK) for _ in range(8)])
        assert sorted(started) == [False] * 7 + [True]
        assert await batches.start(WEEK) is False
        assert await self.queued(batches) == [WEEK]
        assert await batches.start(Week(2027, 1)) is True
        assert await self.queued(batches) == [WEEK, Week(2027, 1)]

    async def test_how_far_it_is_never_goes_back(self, batches: WeeklyBatches) -> None:
        assert await batches.reached(WEEK) is None
        await batches.start(WEEK)
        assert await batches.reached(WEEK) == ""
        await batches.reach(WEEK, "m")
        await batches.reach(WEEK, "c")
        assert await batches.reached(WEEK) == "m"
        assert await batches.reached(Week(2027, 1)) is None

    async def test_what_is_done_stays_done(self, batches: WeeklyBatches) -> None:
        await batches.start(WEEK)
        await batches.finish(WEEK)
        await batches.reach(WEEK, "z")
        assert await batches.reached(WEEK) is None
        assert await batches.start(WEEK) is False
