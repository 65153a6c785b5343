"""What every trainer must do, whatever it computes with."""

from __future__ import annotations

import numpy as np
import pytest

from rec_svc.domain.evaluation import evaluate
from rec_svc.domain.interactions import Size
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Constant, Scorer
from rec_svc.domain.splits import holdout
from rec_svc.ports.trainer import Trainer
from tests.unit.rec.invented_listeners import invented

SPLIT = holdout(invented(users=300, tracks=240, each=20), 0.2, seed=42)
TRAIN = SPLIT.train.matrix


_FITTED: dict[type, Scorer] = {}


class StoppedError(Exception):
    pass


class TrainersContract:
    """Give ``trainer``, and ``ranks_by_taste`` False where everyone gets the same."""

    ranks_by_taste = True

    @pytest.fixture
    def scorer(self, trainer: Trainer) -> Scorer:
        """Fitted once for all tests of the class: of some that takes long."""
        if type(self) not in _FITTED:
            _FITTED[type(self)] = trainer.fit(TRAIN, trainer.tuning.start, 1, lambda _: None)
        return _FITTED[type(self)]

    def test_the_same_arguments_give_the_same_scorer(
        self, trainer: Trainer, scorer: Scorer
    ) -> None:
        again = trainer.fit(TRAIN, trainer.tuning.start, 1, lambda _: None)
        assert again.batch(TRAIN[:9]) == pytest.approx(scorer.batch(TRAIN[:9]), abs=1e-4)

    def test_it_scores_histories_of_people_whom_it_never_saw(self, scorer: Scorer) -> None:
        others = invented(users=5, tracks=240, each=20, seed=8).matrix
        others.resize((5, TRAIN.shape[1]))
        found = scorer.batch(others)
        assert found.shape == others.shape
        assert np.isfinite(found).all()

    def test_it_ranks_better_than_popularity(self, scorer: Scorer) -> None:
        found = evaluate(scorer.batch, TRAIN, SPLIT.test).mean("ndcg@10")
        popular = Constant(popularity(TRAIN))
        least = evaluate(popular.batch, TRAIN, SPLIT.test).mean("ndcg@10")
        assert found > 1.2 * least if self.ranks_by_taste else found == least

    def test_what_the_progress_raises_ends_the_fit(self, trainer: Trainer) -> None:
        def stop(share: float) -> None:
            assert 0 <= share <= 1
            raise StoppedError

        if self.ranks_by_taste:
            with pytest.raises(StoppedError):
                trainer.fit(TRAIN, trainer.tuning.start, 1, stop)

    def test_more_to_learn_from_takes_no_less_memory(self, trainer: Trainer) -> None:
        small, large = Size(100, 200, 1_000, 10_000), Size(1_000, 2_000, 10_000, 100_000)
        assert 0 < trainer.kept_bytes(small) <= trainer.kept_bytes(large)
        assert trainer.kept_bytes(small) <= trainer.fit_bytes(small) <= trainer.fit_bytes(large)
