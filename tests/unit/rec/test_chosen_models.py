"""The models that experiments name are loaded once, for all who ask at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.clock import now_ms
from meshkit.ulids import new_id
from rec_svc.adapters.memory.models import MemoryModelArtefacts, MemoryModels
from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.domain.model import Model
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.new_tracks import NewTracks
from rec_svc.usecases.serving_model import FollowedModel
from tests.contracts.rec.models_suite import some_info, some_model


class SlowArtefacts(MemoryModelArtefacts):
    """Artefacts that take until ``ready``."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = asyncio.Event()
        self.loads = 0

    async def load(self, model_id: str, sha256: str) -> Model:
        self.loads += 1
        await self.ready.wait()
        return await super().load(model_id, sha256)


async def chosen(artefacts: SlowArtefacts) -> tuple[ChosenModels, str]:
    """With one model that nothing has promoted."""
    models, model_id = MemoryModels(), new_id()
    stored = await artefacts.put(some_model(model_id))
    await models.add(replace(some_info(model_id), sha256=stored.sha256))
    serving = FollowedModel(models, artefacts)
    return ChosenModels(serving, models, artefacts, NewTracks(MemoryTracks(), now_ms)), model_id


async def test_whoever_asks_while_it_is_loaded_waits_for_the_same_load() -> None:
    artefacts = SlowArtefacts()
    models, model_id = await chosen(artefacts)
    asking = [asyncio.create_task(models.of(model_id)) for _ in range(5)]
    await asyncio.sleep(0)
    artefacts.ready.set()
    found = await asyncio.gather(*asking)
    assert {one.model_id for one in found if one} == {model_id}
    assert await models.of(model_id) is not None
    assert artefacts.loads == 1


async def test_a_load_outlives_the_deadline_of_who_asked_for_it() -> None:
    artefacts = SlowArtefacts()
    models, model_id = await chosen(artefacts)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(models.of(model_id), 0.01)
    artefacts.ready.set()
    assert await models.of(model_id) is not None
    assert artefacts.loads == 1
