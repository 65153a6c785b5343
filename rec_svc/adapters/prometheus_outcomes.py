"""Plays, skips and saves of recommended tracks, as Prometheus metrics."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from prometheus_client import Counter

from meshkit.telemetry import counter
from rec_svc.domain.exposure_outcomes import CountedOutcome, Kind
from rec_svc.ports.experiments import RunningExperiments

MOST_MODELS: Final = 20
"""So many models have series of their own in a process: those that were heard of last."""

_PLAYS = counter("rec_plays", "Plays from lists that were shown, by model.", ["model"])
_SKIPS = counter("rec_skips", "Those skipped before they counted, by model.", ["model"])
_SAVES = counter("rec_saves", "Tracks saved from lists that were shown, by model.", ["model"])
_ARM_PLAYS = counter(
    "rec_arm_plays", "Plays from lists that were shown, by arm.", ["experiment", "arm"]
)
_ARM_SKIPS = counter(
    "rec_arm_skips", "Those skipped before they counted, by arm.", ["experiment", "arm"]
)
_ARM_SAVES = counter(
    "rec_arm_saves", "Tracks saved from lists that were shown, by arm.", ["experiment", "arm"]
)
_BY_MODEL = (_PLAYS, _SKIPS, _SAVES)
_BY_ARM = (_ARM_PLAYS, _ARM_SKIPS, _ARM_SAVES)
_HELD_BACK = ("", "held-back")
_IN_NONE = ("", "none")


class PrometheusOutcomes:
    """``OutcomeMetrics`` with bounded labels: the newest models, and arms of what runs now."""

    def __init__(self, experiments: RunningExperiments) -> None:
        self._experiments = experiments
        self._models: OrderedDict[str, None] = OrderedDict()

    def count(self, counted: CountedOutcome) -> None:
        outcome = counted.outcome
        play = outcome.kind is Kind.PLAY
        happened = (play, outcome.skipped, not play)
        _count(_BY_MODEL, happened, [self._model(counted.model_id)])
        for labels in self._arms(counted):
            _count(_BY_ARM, happened, labels)

    def _model(self, model_id: str) -> str:
        name = model_id or "none"
        self._models[name] = None
        self._models.move_to_end(name)
        if len(self._models) > MOST_MODELS:
            oldest, _ = self._models.popitem(last=False)
            for series in _BY_MODEL:
                series.remove(oldest)
        return name

    def _arms(self, counted: CountedOutcome) -> list[tuple[str, str]]:
        if counted.held_back:
            return [_HELD_BACK]
        names = {one.experiment_id: one.name for one in self._experiments.current().experiments}
        found = [
            (names[experiment_id], arm)
            for experiment_id, arm in counted.assignments.items()
            if experiment_id in names
        ]
        return found or [_IN_NONE]


def _count(series: tuple[Counter, ...], happened: tuple[bool, ...], labels: object) -> None:
    for one, did in zip(series, happened, strict=True):
        # Made also where nothing happened: a rate of what there never was would be none, not 0.
        one.labels(*labels).inc(did)  # type: ignore[misc]
