"""Trainings in memory, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from meshkit.clock import now_ms
from meshkit.idempotency import RequestKey
from meshkit.wakeups import Wakeups
from rec_svc.domain.trainings import Training, TrainingState


class MemoryTrainings:
    """``Trainings`` and ``Notices`` of one process; ``queued`` are the jobs."""

    def __init__(self) -> None:
        self.queued: list[str] = []
        self._held: dict[str, Training] = {}
        self._answers: dict[RequestKey, Training] = {}
        self._wakeups: Wakeups[str] = Wakeups()

    async def start(self, new: Training, key: RequestKey | None = None) -> Training | None:
        if key is not None and key in self._answers:
            return self._answers[key]
        if await self.unfinished() is not None:
            return None
        self._held[new.training_id] = new
        self.queued.append(new.training_id)
        if key is not None:
            self._answers[key] = new
        return new

    async def unfinished(self) -> Training | None:
        return next((one for one in self._held.values() if not one.finished), None)

    async def get(self, training_id: str) -> Training | None:
        return self._held.get(training_id)

    async def list_trainings(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Training]:
        places = {(one.created_at_ms, one.training_id): one for one in self._held.values()}
        order = sorted(places, reverse=True)
        return [places[place] for place in order if after is None or place < after][:limit]

    async def report(
        self, training_id: str, stage: str, progress: float, checkpoint: Mapping[str, Any]
    ) -> None:
        self._change(
            training_id,
            state=TrainingState.RUNNING,
            stage=stage,
            progress=progress,
            checkpoint=checkpoint,
        )

    async def finish(self, training_id: str, *, model_id: str = "", error: str = "") -> None:
        state = TrainingState.FAILED if error else TrainingState.DONE
        self._change(
            training_id,
            state=state,
            progress=1.0 if state is TrainingState.DONE else self._held[training_id].progress,
            model_id=model_id,
            error=error,
            finished_at_ms=now_ms(),
        )

    def watching(self, training_id: str) -> AbstractContextManager[asyncio.Event]:
        return self._wakeups.waiting(training_id)

    def _change(self, training_id: str, **changes: Any) -> None:
        if not self._held[training_id].finished:
            self._held[training_id] = replace(self._held[training_id], **changes)
            self._wakeups.wake(training_id)
