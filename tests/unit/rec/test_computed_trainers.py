"""The trainers of this process keep the port's contract."""

from __future__ import annotations

import pytest

from rec_svc.adapters.trainers.computed import (
    EdlaeTrainer,
    IalsTrainer,
    ItemKnnTrainer,
    PopularityTrainer,
)
from tests.contracts.rec.trainers_suite import TrainersContract


class TestIals(TrainersContract):
    @pytest.fixture
    def trainer(self) -> IalsTrainer:
        return IalsTrainer(dimensions=16, epochs=6)


class TestEdlae(TrainersContract):
    @pytest.fixture
    def trainer(self) -> EdlaeTrainer:
        return EdlaeTrainer()


class TestItemKnn(TrainersContract):
    @pytest.fixture
    def trainer(self) -> ItemKnnTrainer:
        return ItemKnnTrainer()


class TestPopularity(TrainersContract):
    ranks_by_taste = False

    @pytest.fixture
    def trainer(self) -> PopularityTrainer:
        return PopularityTrainer()
