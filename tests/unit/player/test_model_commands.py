"""``segue models``: how a model is told."""

from __future__ import annotations

import pytest
from segue.rec.v1 import model_service_pb2 as pb

from player.commands.models import model_words


@pytest.mark.parametrize(
    ("serving", "passed", "word"),
    [(True, True, "recommends"), (False, True, "passed"), (False, False, "refused")],
    ids=str,
)
def test_a_model_is_told_with_its_figures(*, serving: bool, passed: bool, word: str) -> None:
    metrics = {
        "ndcg@10": 0.25,
        "ndcg@10_se": 0.004,
        "popularity_ndcg@10": 0.08,
        "coverage@10": 0.071,
    }
    model = pb.Model(
        model_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T",
        trainer="BLEND",
        serving=serving,
        passed=passed,
        metrics=[pb.Model.Metric(name=name, value=value) for name, value in metrics.items()],
    )
    words = model_words(model)
    assert words[0] == "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
    assert words[2:] == ("BLEND", "0.2500 ± 0.0040", "0.0800", "7.1%", word)
