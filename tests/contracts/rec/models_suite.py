"""What the stores of models must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import pytest

from meshkit.idempotency import RequestKey
from meshkit.testing.at_once import at_once
from meshkit.ulids import new_id
from rec_svc.domain.ease import EaseParameters, fit_ease
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.ials import IalsParameters, fit_ials
from rec_svc.domain.model import Model
from rec_svc.domain.models import ModelInfo, Promotion
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Blend, Constant, ItemFactors, ItemWeights, Part
from rec_svc.ports.models import ModelArtefacts, Models, UnreadableModelError
from tests.unit.rec.invented_listeners import invented


def some_model(model_id: str) -> Model:
    """A small one with every kind of scorer in it."""
    data = invented(users=30, tracks=40, each=6)
    how = Regularisation(0.01, 0.05)
    factors = fit_ials(data.matrix, IalsParameters(dimensions=4, epochs=2, regularisation=how), 1)
    popular = popularity(data.matrix)
    blend = Blend(
        (
            Part("ials", ItemFactors(factors, how), 1.0),
            Part("edlae", ItemWeights(fit_ease(data.matrix, EaseParameters(ridge=2.0))), 0.5),
            Part("popular", Constant(popular), 0.125),
        )
    )
    artists = np.arange(len(data.tracks), dtype=np.int32)
    return Model(model_id, 1_700_000_000_000, data.tracks, artists, popular, blend)


def some_info(model_id: str, created_at_ms: int = 1) -> ModelInfo:
    """What is known of a model."""
    return ModelInfo(
        model_id=model_id,
        training_id=new_id(),
        created_at_ms=created_at_ms,
        trainer="BLEND",
        configuration="blend-1",
        parameters={"ridge": 0.01},
        metrics={"ndcg@10": 0.25},
        passed=True,
        verdict="good",
    )


def promotion(revision: int, model_id: str, back_to: int | None = None) -> Promotion:
    """A promotion by somebody."""
    return Promotion(revision, model_id, 1_000 + revision, "somebody", back_to)


class ArtefactsContract(ABC):
    """Artefacts are whole, ours, and the ones that were stored, or they are refused."""

    @abstractmethod
    @pytest.fixture
    def artefacts(self) -> ModelArtefacts:
        """The store under test."""

    @abstractmethod
    async def get(self, model_id: str) -> bytes:
        """The bytes of an artefact, by another way."""

    @abstractmethod
    async def put(self, model_id: str, content: bytes) -> None:
        """Puts other bytes in its place."""

    async def test_a_model_comes_back_as_it_was(self, artefacts: ModelArtefacts) -> None:
        model = some_model(new_id())
        stored = await artefacts.put(model)
        found = await artefacts.load(model.model_id, stored.sha256)
        assert stored.size_bytes == len(await self.get(model.model_id))
        assert (found.model_id, found.trained_at_ms) == (model.model_id, model.trained_at_ms)
        assert found.tracks.all() == model.tracks.all()
        history = np.array([1, 5, 8], np.int32)
        assert found.scores(history) == pytest.approx(model.scores(history), abs=1e-6)
        assert (found.artists == model.artists).all()
        assert (found.popularity == model.popularity).all()

    @pytest.mark.parametrize("kept", [0, 10, 100, 5_000, -1], ids=str)
    async def test_a_file_cut_short_is_refused(self, artefacts: ModelArtefacts, kept: int) -> None:
        model = some_model(new_id())
        stored = await artefacts.put(model)
        await self.put(model.model_id, (await self.get(model.model_id))[:kept])
        with pytest.raises(UnreadableModelError):
            await artefacts.load(model.model_id, stored.sha256)

    @pytest.mark.parametrize(
        ("place", "content"), [(0, b"other"), (12, b"2"), (3_000, b"\xff"), (-1, b"\xff")], ids=str
    )
    async def test_a_file_of_another_version_or_damaged_is_refused(
        self, artefacts: ModelArtefacts, place: int, content: bytes
    ) -> None:
        model = some_model(new_id())
        stored = await artefacts.put(model)
        whole = bytearray(await self.get(model.model_id))
        place %= len(whole)
        whole[place : place + len(content)] = bytes(byte ^ 1 for byte in content)
        await self.put(model.model_id, bytes(whole))
        with pytest.raises(UnreadableModelError):
            await artefacts.load(model.model_id, stored.sha256)

    async def test_another_model_in_its_place_is_refused(self, artefacts: ModelArtefacts) -> None:
        one, other = some_model(new_id()), some_model(new_id())
        stored = await artefacts.put(one)
        await artefacts.put(other)
        await self.put(one.model_id, await self.get(other.model_id))
        with pytest.raises(UnreadableModelError):
            await artefacts.load(one.model_id, stored.sha256)

    async def test_one_that_is_not_there_is_refused(self, artefacts: ModelArtefacts) -> None:
        model = some_model(new_id())
        stored = await artefacts.put(model)
        for _ in range(2):
            await artefacts.delete(model.model_id)
        with pytest.raises(UnreadableModelError):
            await artefacts.load(model.model_id, stored.sha256)


class ModelsContract(ABC):
    """What is known of models, and which one serves."""

    @abstractmethod
    @pytest.fixture
    def models(self) -> Models:
        """The store under test."""

    async def test_a_model_is_told_as_it_was_entered(self, models: Models) -> None:
        info = some_info(new_id())
        await models.add(info)
        await models.add(replace(info, verdict="another"))
        assert await models.get(info.model_id) == info
        assert await models.get(new_id()) is None

    async def test_models_are_listed_the_newest_first(self, models: Models) -> None:
        infos = [some_info(new_id(), created_at_ms=ms) for ms in (1, 3, 2)]
        for info in infos:
            await models.add(info)
        order = [infos[1], infos[2], infos[0]]
        assert list(await models.list_models(after=None, limit=2)) == order[:2]
        after = (2, infos[2].model_id)
        assert list(await models.list_models(after=after, limit=2)) == order[2:]

    async def test_the_newest_promotion_serves(self, models: Models) -> None:
        infos = [some_info(new_id()) for _ in range(2)]
        for revision, info in enumerate(infos, 1):
            await models.add(info)
            new = promotion(revision, info.model_id)
            assert await models.promote(new) == new
        found = list(await models.promotions())
        assert found == [promotion(2, infos[1].model_id), promotion(1, infos[0].model_id)]

    @pytest.mark.parametrize("revision", [0, 1, 3])
    async def test_a_promotion_on_another_revision_is_refused(
        self, models: Models, revision: int
    ) -> None:
        info = some_info(new_id())
        await models.add(info)
        await models.promote(promotion(1, info.model_id))
        assert await models.promote(promotion(revision, info.model_id)) is None
        assert len(await models.promotions()) == 1

    async def test_of_promotions_at_once_one_is_done(self, models: Models) -> None:
        info = some_info(new_id())
        await models.add(info)
        tries = [models.promote(promotion(1, info.model_id)) for _ in range(8)]
        done = await at_once(tries)
        assert sum(one is not None for one in done) == 1
        assert len(await models.promotions()) == 1

    async def test_a_retried_promotion_is_answered_as_before(self, models: Models) -> None:
        info = some_info(new_id())
        await models.add(info)
        key = RequestKey("somebody", "/Promote", "once", b"\x01" * 32)
        first = await models.promote(promotion(1, info.model_id), key)
        again = await models.promote(promotion(2, info.model_id), key)
        assert again == first
        assert len(await models.promotions()) == 1
