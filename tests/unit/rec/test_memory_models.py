"""Models in memory keep what the stores of models promise; who follows them, too."""

from __future__ import annotations

import pytest

from meshkit.faults import FailedPrecondition
from meshkit.ulids import new_id
from rec_svc.adapters.memory.models import MemoryModelArtefacts, MemoryModels
from rec_svc.domain.models import Promotion, model_before
from rec_svc.usecases.serving_model import FollowedModel
from tests.contracts.rec.models_suite import (
    ArtefactsContract,
    ModelsContract,
    promotion,
    some_info,
    some_model,
)


class TestMemoryArtefacts(ArtefactsContract):
    @pytest.fixture
    def artefacts(self) -> MemoryModelArtefacts:
        self.store = MemoryModelArtefacts()
        return self.store

    async def get(self, model_id: str) -> bytes:
        return self.store.content[model_id]

    async def put(self, model_id: str, content: bytes) -> None:
        self.store.content[model_id] = content


class TestMemoryModels(ModelsContract):
    @pytest.fixture
    def models(self) -> MemoryModels:
        return MemoryModels()


class World:
    def __init__(self) -> None:
        self.models, self.artefacts = MemoryModels(), MemoryModelArtefacts()
        self.followed = FollowedModel(self.models, self.artefacts)

    async def promoted(self) -> str:
        model = some_model(new_id())
        stored = await self.artefacts.put(model)
        info = some_info(model.model_id)
        object.__setattr__(info, "sha256", stored.sha256)
        await self.models.add(info)
        await self.models.promote(promotion(len(await self.models.promotions()) + 1, info.model_id))
        return model.model_id

    async def serving(self) -> str | None:
        await self.followed.look()
        model = self.followed.current()
        return model.model_id if model else None


async def test_an_instance_follows_promotions() -> None:
    world = World()
    assert await world.serving() is None
    for _ in range(2):
        assert await world.promoted() == await world.serving()


async def test_a_damaged_model_leaves_the_one_before_in_its_place() -> None:
    world = World()
    first = await world.promoted()
    assert await world.serving() == first
    second = await world.promoted()
    world.artefacts.content[second] = world.artefacts.content[second][:-5]
    assert await world.serving() == first


async def test_an_instance_that_starts_takes_the_newest_that_can_be_read() -> None:
    world = World()
    first, second = await world.promoted(), await world.promoted()
    world.artefacts.content[second] = b""
    assert await world.serving() == first


def history(*rows: tuple[int, str, int | None]) -> list[Promotion]:
    return [promotion(revision, model, back) for revision, model, back in reversed(rows)]


def test_a_rollback_goes_to_what_served_before_and_then_further_back() -> None:
    steps = [(1, "a", None), (2, "b", None), (3, "c", None)]
    assert model_before(history(*steps)).model_id == "b"
    assert model_before(history(*steps, (4, "b", 2))).model_id == "a"
    with pytest.raises(FailedPrecondition) as fault:
        model_before(history(*steps, (4, "b", 2), (5, "a", 1)))
    assert fault.value.reason == "NO_EARLIER_MODEL"
    again = model_before(history(*steps, (4, "b", 2), (5, "d", None)))
    assert again.model_id == "b"


def test_without_an_earlier_model_there_is_no_rollback() -> None:
    for rows in ([], history((1, "a", None))):
        with pytest.raises(FailedPrecondition):
            model_before(rows)
