"""What users did with what radios gave, as the feeds of plays and saved tracks tell it.

Both feeds are also learnt from and counted (``learning``, ``exposure_outcomes``); each has a place
of its own here, so that no use holds up another. What is told again makes no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meshkit.consuming import Replica
from meshkit.replicas import ActingReplica
from rec_svc.domain.events import EventKind
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChange, told_items
from rec_svc.ports.radios import RadioFeedback, RadioPlay, RadioSave

CONTEXT: Final = "RADIO"
"""The kind of what is played from, of plays from radios; its id is that of the radio."""


class RadioPlays(ActingReplica[Play]):
    """Marks what was skipped in a radio, and what was heard there after all."""

    def __init__(self, place: Replica[Play], feedback: RadioFeedback) -> None:
        super().__init__(place)
        self._feedback = feedback

    async def _act(self, changes: Sequence[Play]) -> None:
        await self._feedback.play(
            [
                RadioPlay(
                    play.context_id,
                    play.user_id,
                    play.track_id,
                    play.left_ms,
                    play.kind is EventKind.SKIP,
                )
                for play in changes
                if play.context_kind == CONTEXT
            ]
        )


class RadioSaves(ActingReplica[ItemChange]):
    """Marks what was saved of what radios gave."""

    def __init__(self, place: Replica[ItemChange], feedback: RadioFeedback) -> None:
        super().__init__(place)
        self._feedback = feedback

    async def _act(self, changes: Sequence[ItemChange]) -> None:
        items, _ = told_items(changes)
        await self._feedback.save(
            [RadioSave(one.user_id, one.item_id, one.at_ms, one.kept) for one in items]
        )
