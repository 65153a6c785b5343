"""Models in memory, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from meshkit.idempotency import RequestKey
from rec_svc.adapters.codecs import model_files
from rec_svc.domain.model import Model
from rec_svc.domain.models import ModelInfo, Promotion
from rec_svc.ports.models import Artefact, UnreadableModelError


class MemoryModelArtefacts:
    """``ModelArtefacts`` of one process; ``content`` is by the model's id."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    async def put(self, model: Model) -> Artefact:
        content = self.content[model.model_id] = model_files.encode(model)
        return Artefact(hashlib.sha256(content).hexdigest(), len(content))

    async def load(self, model_id: str, sha256: str) -> Model:
        content = self.content.get(model_id, b"")
        model = model_files.decode(content)
        if hashlib.sha256(content).hexdigest() != sha256 or model.model_id != model_id:
            raise UnreadableModelError("it is another model than the one that was stored")
        return model

    async def delete(self, model_id: str) -> None:
        self.content.pop(model_id, None)


class MemoryModels:
    """``Models`` of one process."""

    def __init__(self) -> None:
        self._models: dict[str, ModelInfo] = {}
        self._promotions: list[Promotion] = []
        self._answers: dict[RequestKey, Promotion] = {}

    async def add(self, info: ModelInfo) -> None:
        self._models.setdefault(info.model_id, info)

    async def get(self, model_id: str) -> ModelInfo | None:
        return self._models.get(model_id)

    async def list_models(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[ModelInfo]:
        places = {(info.created_at_ms, info.model_id): info for info in self._models.values()}
        order = sorted(places, reverse=True)
        return [places[place] for place in order if after is None or place < after][:limit]

    async def promotions(self, limit: int = 100) -> Sequence[Promotion]:
        return self._promotions[::-1][:limit]

    async def promote(self, new: Promotion, key: RequestKey | None = None) -> Promotion | None:
        if key is not None and key in self._answers:
            return self._answers[key]
        if new.revision != len(self._promotions) + 1:
            return None
        self._promotions.append(new)
        if key is not None:
            self._answers[key] = new
        return new
