"""Trainings, and what is told of them as they go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from meshkit.idempotency import RequestKey
from rec_svc.domain.trainings import Training


class Trainings(Protocol):
    """Trainings. All calls raise Unavailable."""

    async def start(self, new: Training, key: RequestKey | None = None) -> Training | None:
        """Must store the training and queue its job in one commit, unless another is unfinished.

        Then None; of two at once one must get it. With a key that was used before, the training of
        then is answered and nothing is stored.
        """
        ...

    async def unfinished(self) -> Training | None:
        """The training that is under way."""
        ...

    async def get(self, training_id: str) -> Training | None:
        """The training, or None."""
        ...

    async def list_trainings(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Training]:
        """Trainings by (created_at desc, id desc); ``after`` is (created_at in ms, id)."""
        ...

    async def report(
        self, training_id: str, stage: str, progress: float, checkpoint: Mapping[str, Any]
    ) -> None:
        """Must note that it runs and how far it is; one that is finished stays as it is."""
        ...

    async def finish(self, training_id: str, *, model_id: str = "", error: str = "") -> None:
        """Must end it, DONE with a model or FAILED with an error; the first end stays."""
        ...
