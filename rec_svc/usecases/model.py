"""``ModelService``: models, and which one serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshkit.clock import now_ms
from meshkit.faults import Aborted, FailedPrecondition, NotFound
from meshkit.idempotency import RequestKey
from rec_svc.domain.models import ModelInfo, Promotion, model_before
from rec_svc.ports.models import Models


@dataclass(frozen=True, slots=True)
class Shown:
    """A model, and whether it serves."""

    info: ModelInfo
    serving: bool


class ReadModels:
    """Reads of models."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def get_model(self, model_id: str) -> Shown:
        """The model. Raises NotFound."""
        info = await require_model(self._models, model_id)
        return Shown(info, model_id == await self._serving())

    async def list_models(self, *, after: tuple[int, str] | None, limit: int) -> Sequence[Shown]:
        """The newest models; ``after`` is (created_at in ms, id)."""
        serving = await self._serving()
        found = await self._models.list_models(after=after, limit=limit)
        return [Shown(info, info.model_id == serving) for info in found]

    async def _serving(self) -> str:
        newest = await self._models.promotions(1)
        return newest[0].model_id if newest else ""


class PromoteModel:
    """Has a model serve."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def __call__(self, model_id: str, by: str, key: RequestKey | None = None) -> Shown:
        """The model, which serves.

        Raises NotFound, FailedPrecondition (MODEL_NOT_PASSED), Aborted where another came first.
        """
        info = await require_model(self._models, model_id)
        if not info.passed:
            raise FailedPrecondition(
                f"The model was judged not good enough to serve: {info.verdict}",
                reason="MODEL_NOT_PASSED",
                metadata={"model_id": model_id},
            )
        newest = await self._models.promotions(1)
        if newest and newest[0].model_id == model_id:
            return Shown(info, serving=True)
        revision = newest[0].revision + 1 if newest else 1
        return await promoted(self._models, Promotion(revision, model_id, now_ms(), by), key)


class RollbackModel:
    """Has the model serve that served before."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def __call__(self, by: str, key: RequestKey | None = None) -> Shown:
        """The model that serves again.

        Raises FailedPrecondition (NO_EARLIER_MODEL), Aborted where another promotion came first.
        """
        history = await self._models.promotions(1_000)
        before = model_before(history)
        new = Promotion(
            history[0].revision + 1, before.model_id, now_ms(), by, back_to=before.revision
        )
        return await promoted(self._models, new, key)


async def promoted(models: Models, new: Promotion, key: RequestKey | None) -> Shown:
    """What ``new``, or the same request before, had serve. Raises Aborted."""
    done = await models.promote(new, key)
    if done is None:
        raise Aborted("Another promotion came first; look again.")
    return Shown(await require_model(models, done.model_id), serving=True)


async def require_model(models: Models, model_id: str) -> ModelInfo:
    """The model; raises NotFound."""
    info = await models.get(model_id)
    if info is None:
        raise NotFound("There is no such model.", metadata={"resource": "model", "id": model_id})
    return info
