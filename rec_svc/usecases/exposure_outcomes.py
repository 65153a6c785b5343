"""What users did with lists that they were shown, as the feeds of plays and saved tracks tell it.

Both feeds are also learnt from (``domain.events``); each has a second place here, so that neither
use holds up the other. What is told again is counted once (``ports.exposures.Outcomes``).
"""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.consuming import Replica
from meshkit.replicas import ActingReplica
from rec_svc.domain.events import EventKind
from rec_svc.domain.exposure_outcomes import Kind, Outcome
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChange, told_items
from rec_svc.ports.exposures import Outcomes
from rec_svc.ports.outcome_metrics import OutcomeMetrics


class CountOutcomes:
    """Counts outcomes, and tells those that are new as metrics."""

    def __init__(self, outcomes: Outcomes, metrics: OutcomeMetrics) -> None:
        self._outcomes = outcomes
        self._metrics = metrics

    async def __call__(self, outcomes: Sequence[Outcome]) -> None:
        """Repeatable. Raises Unavailable."""
        for counted in await self._outcomes.count(outcomes):
            self._metrics.count(counted)


class PlayOutcomes(ActingReplica[Play]):
    """Counts the plays that name a list."""

    def __init__(self, place: Replica[Play], count: CountOutcomes) -> None:
        super().__init__(place)
        self._count = count

    async def _act(self, changes: Sequence[Play]) -> None:
        await self._count([outcome_of(play) for play in changes if play.shown_id])


class SaveOutcomes(ActingReplica[ItemChange]):
    """Counts the tracks that users save; which of them were shown, the log of exposures knows."""

    def __init__(self, place: Replica[ItemChange], count: CountOutcomes) -> None:
        super().__init__(place)
        self._count = count

    async def _act(self, changes: Sequence[ItemChange]) -> None:
        items, _ = told_items(changes)
        saves = [
            Outcome(kind=Kind.SAVE, user_id=one.user_id, subject=one.item_id, at_ms=one.at_ms)
            for one in items
            if one.kept
        ]
        await self._count(saves)


def outcome_of(play: Play) -> Outcome:
    """What a play says of the list that it names."""
    return Outcome(
        kind=Kind.PLAY,
        user_id=play.user_id,
        subject=play.play_id,
        at_ms=play.left_ms,
        shown_id=play.shown_id,
        skipped=play.kind is EventKind.SKIP,
        completed=play.completed,
    )
