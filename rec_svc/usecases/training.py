"""``TrainingService``: trainings, started, read and watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from meshkit.clock import now_ms
from meshkit.faults import InvalidArgument, NotFound
from meshkit.idempotency import RequestKey
from meshkit.notices import POLL_S, Notices, watched
from meshkit.ulids import new_id
from rec_svc.domain.trainings import DEFAULT_TRAINER, Training, TrainingState, under_way_error
from rec_svc.ports.trainings import Trainings

TRAINERS = ("BLEND", "IALS", "EDLAE", "ITEM_KNN", "POPULARITY", "SPARK_ALS")
"""What a training may be asked for, by the names of the contract; SPARK_ALS fails where the workers
have no Spark."""

_AFTER_FAILURE_MS = 3_600_000


class StartTraining:
    """Queues a training. ``trainers`` are the names that the workers know."""

    def __init__(self, trainings: Trainings, trainers: Collection[str]) -> None:
        self._trainings = trainings
        self._trainers = trainers

    async def __call__(
        self, trainer: str, seed: int, key: RequestKey | None = None, *, anew: bool = False
    ) -> Training:
        """The new training, or the one that the same request started before.

        Raises InvalidArgument, FailedPrecondition (TRAINING_UNDER_WAY).
        """
        trainer = trainer or DEFAULT_TRAINER
        if trainer not in self._trainers:
            known = ", ".join(self._trainers)
            raise InvalidArgument.field("trainer", f"is none of {known}")
        new = training_of_now(trainer, seed, anew=anew)
        started = await self._trainings.start(new, key)
        if started is None:
            other = await self._trainings.unfinished()
            raise under_way_error(other.training_id if other else "")
        return started


class ReadTrainings:
    """Reads of a training, once or as it goes on."""

    def __init__(self, trainings: Trainings, changes: Notices, *, poll_s: float = POLL_S) -> None:
        self._trainings = trainings
        self._changes = changes
        self._poll_s = poll_s

    async def get_training(self, training_id: str) -> Training:
        """The training as it is now. Raises NotFound."""
        found = await self._trainings.get(training_id)
        if found is None:
            raise NotFound(
                "There is no such training.", metadata={"resource": "training", "id": training_id}
            )
        return found

    async def list_trainings(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Training]:
        """The newest trainings; ``after`` is (created_at in ms, id)."""
        return await self._trainings.list_trainings(after=after, limit=limit)

    def watch_training(self, training_id: str, *, stop: asyncio.Event) -> AsyncIterator[Training]:
        """The training at once, then as it changes, until it is finished or ``stop`` is set.

        Of changes that follow each other closely the last is shown, at most ten a second.
        """
        return watched(
            training_id, self.get_training, self._changes, stop=stop, poll_s=self._poll_s
        )


class StartDaily:
    """Starts a training where the last one began ``every_ms`` ago and none is under way.

    One that failed, as where nothing was heard yet, is followed by another after an hour.
    """

    def __init__(self, trainings: Trainings, every_ms: int) -> None:
        self._trainings = trainings
        self._every_ms = every_ms

    async def __call__(self) -> None:
        """Of two at once one starts it. Raises Unavailable."""
        newest = await self._trainings.list_trainings(after=None, limit=1)
        failed = bool(newest) and newest[0].state is TrainingState.FAILED
        rest_ms = min(self._every_ms, _AFTER_FAILURE_MS) if failed else self._every_ms
        if not newest or newest[0].created_at_ms <= now_ms() - rest_ms:
            await self._trainings.start(training_of_now(DEFAULT_TRAINER, 0, anew=False))


def training_of_now(trainer: str, seed: int, *, anew: bool) -> Training:
    """A training of what was heard until now."""
    return Training(
        training_id=new_id(),
        state=TrainingState.QUEUED,
        trainer=trainer,
        seed=seed,
        until_ms=now_ms(),
        created_at_ms=now_ms(),
        search_parameters=anew,
    )
