"""Models in PostgreSQL and in files keep what the stores of models promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshkit import postgres
from rec_svc.adapters.objects.models import ObjectModelArtefacts
from rec_svc.adapters.postgres.models import PostgresModels
from rec_svc.adapters.postgres.trainings import PostgresTrainings
from tests.contracts.rec.models_suite import ArtefactsContract, ModelsContract
from tests.contracts.rec.trainings_suite import TrainingsContract


class TestObjectArtefacts(ArtefactsContract):
    @pytest.fixture
    def artefacts(self, tmp_path: Path) -> ObjectModelArtefacts:
        self.store = ObjectModelArtefacts(tmp_path.as_uri())
        return self.store

    async def get(self, model_id: str) -> bytes:
        content = await self.store.objects.get(f"{model_id}.model")
        assert content is not None
        return content

    async def put(self, model_id: str, content: bytes) -> None:
        await self.store.objects.put(f"{model_id}.model", content)


class TestPostgresModels(ModelsContract):
    @pytest.fixture
    def models(self, pool: postgres.Pool) -> PostgresModels:
        return PostgresModels(pool)


class TestPostgresTrainings(TrainingsContract):
    @pytest.fixture
    def trainings(self, pool: postgres.Pool) -> PostgresTrainings:
        return PostgresTrainings(pool)
