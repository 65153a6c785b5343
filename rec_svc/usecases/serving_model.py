"""The model that serves, in this process: followed, loaded beside the one before, and told."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from meshkit import telemetry
from meshkit.clock import now_ms
from meshkit.faults import Unavailable
from rec_svc.domain.model import Model
from rec_svc.domain.models import Promotion
from rec_svc.ports.models import ModelArtefacts, Models, UnreadableModelError

LOOK_EVERY_S = 5.0
"""How often it is asked which model serves; a rollback is to take effect within a minute."""

_log = structlog.get_logger("models")
_age = telemetry.gauge(
    "rec_model_age_seconds", "How long ago the model that serves here was trained."
)
_unreadable = telemetry.counter(
    "rec_models_unreadable", "Times that a promoted model could not be loaded."
)


class FollowedModel:
    """``ServingModel``; someone must await :meth:`look` every ``LOOK_EVERY_S``."""

    def __init__(self, models: Models, artefacts: ModelArtefacts) -> None:
        self._models = models
        self._artefacts = artefacts
        self._model: Model | None = None
        self._refused = ""

    def current(self) -> Model | None:
        """The model, or None."""
        return self._model

    async def look(self) -> None:
        """Loads the model that was promoted last, unless it is loaded; what fails changes nothing.

        Where it cannot be read, the newest one before it that can is loaded, if none is yet.
        """
        try:
            await self._follow(await self._models.promotions())
        except Unavailable as error:
            _log.warning("models out of reach", error=str(error))
        if self._model is not None:
            _age.set((now_ms() - self._model.trained_at_ms) / 1000)

    async def _follow(self, promotions: Sequence[Promotion]) -> None:
        for one in promotions:
            if self._model is not None and self._model.model_id == one.model_id:
                return
            if await self._load(one.model_id) or self._model is not None:
                return

    async def _load(self, model_id: str) -> bool:
        info = await self._models.get(model_id)
        if info is None:
            return False
        try:
            self._model = await self._artefacts.load(model_id, info.sha256)
        except UnreadableModelError as error:
            if self._refused != model_id:
                self._refused = model_id
                _unreadable.inc()
                _log.error("model refused", model_id=model_id, why=str(error))
            return False
        _log.info("model serves", model_id=model_id)
        return True
