"""The batches of weekly lists of one process, for tests."""

from __future__ import annotations

from rec_svc.domain.weeks import Week


class MemoryWeeklyBatches:
    """``WeeklyBatches``; ``queued`` are the weeks of its jobs."""

    def __init__(self) -> None:
        self.queued: list[Week] = []
        self._reached: dict[Week, str | None] = {}

    async def start(self, week: Week) -> bool:
        if week in self._reached:
            return False
        self._reached[week] = ""
        self.queued.append(week)
        return True

    async def reached(self, week: Week) -> str | None:
        return self._reached.get(week)

    async def reach(self, week: Week, user_id: str) -> None:
        reached = self._reached.get(week)
        if reached is not None:
            self._reached[week] = max(reached, user_id)

    async def finish(self, week: Week) -> None:
        if week in self._reached:
            self._reached[week] = None
