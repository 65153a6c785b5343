"""What is told of recommended tracks as metrics."""

from __future__ import annotations

from typing import Protocol

from rec_svc.domain.exposure_outcomes import CountedOutcome


class OutcomeMetrics(Protocol):
    """Plays, skips and saves of recommended tracks, by model and by arm."""

    def count(self, counted: CountedOutcome) -> None:
        """Counts what was counted for the first time."""
        ...
