"""Which model serves a user: that of the user's experiment, or the one that serves everybody."""

from __future__ import annotations

from collections import OrderedDict

import structlog

from meshkit.faults import Unavailable
from meshkit.single_flight import SingleFlight
from rec_svc.domain.model import Model
from rec_svc.ports.models import ModelArtefacts, Models, ServingModel, UnreadableModelError
from rec_svc.usecases.new_tracks import NewTracks

_KEPT = 4

_log = structlog.get_logger("models")


class ChosenModels:
    """Models by id, the few that experiments name kept loaded; the promoted one in their place."""

    def __init__(
        self,
        serving: ServingModel,
        models: Models,
        artefacts: ModelArtefacts,
        new_tracks: NewTracks,
    ) -> None:
        self._serving = serving
        self._new_tracks = new_tracks
        self._models = models
        self._artefacts = artefacts
        self._loaded: OrderedDict[str, Model | None] = OrderedDict()
        self._loading: SingleFlight[str, Model | None] = SingleFlight()

    async def of(self, model_id: str | None) -> Model | None:
        """The model of that id, or the one that serves where there is none or it cannot be read.

        The tracks that it has not learnt stand behind those that it has.
        """
        model = await self._learnt(model_id)
        return None if model is None else self._new_tracks.of(model)

    async def _learnt(self, model_id: str | None) -> Model | None:
        serving = self._serving.current()
        if model_id is None or (serving is not None and serving.model_id == model_id):
            return serving
        if model_id in self._loaded:
            self._loaded.move_to_end(model_id)
            return self._loaded[model_id] or serving
        try:
            return await self._loading(model_id, lambda: self._loaded_now(model_id)) or serving
        except Unavailable as error:
            _log.warning("model of an experiment out of reach", error=str(error))
            return serving

    async def _loaded_now(self, model_id: str) -> Model | None:
        """Loads it, and keeps it whoever waits for it still."""
        model = self._loaded[model_id] = await self._load(model_id)
        while len(self._loaded) > _KEPT:
            self._loaded.popitem(last=False)
        return model

    async def _load(self, model_id: str) -> Model | None:
        info = await self._models.get(model_id)
        if info is None:
            return None
        try:
            return await self._artefacts.load(model_id, info.sha256)
        except UnreadableModelError as error:
            _log.error("model refused", model_id=model_id, why=str(error))
            return None
