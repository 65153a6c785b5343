"""Experiments and exposures in memory: under the suites of the real stores."""

from __future__ import annotations

import pytest

from rec_svc.adapters.memory.experiments import MemoryExperiments, MemoryLooks
from rec_svc.adapters.memory.exposures import MemoryExposures
from rec_svc.domain.experiments import Experiment
from tests.contracts.rec.experiment_samples import a_draft
from tests.contracts.rec.experiments_suite import MOST, ExperimentsContract, LooksContract
from tests.contracts.rec.exposures_suite import ExposuresContract, LogUnderTest


class TestMemoryExperiments(ExperimentsContract):
    @pytest.fixture
    def experiments(self) -> MemoryExperiments:
        return MemoryExperiments(most=MOST)


class TestMemoryLooks(LooksContract):
    @pytest.fixture
    def looks(self) -> MemoryLooks:
        return MemoryLooks()

    @pytest.fixture
    def experiment(self) -> Experiment:
        return a_draft()


class TestMemoryExposures(ExposuresContract):
    @pytest.fixture
    def log(self) -> LogUnderTest:
        experiments = MemoryExperiments()
        return LogUnderTest(MemoryExposures(experiments), experiments)
