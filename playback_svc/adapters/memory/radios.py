"""Radios in memory, for unit tests and for what needs no other service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from meshkit.faults import NotFound, Unavailable
from meshkit.ulids import new_id
from playback_svc.ports.radios import RadioBlock, RadioRequest

BLOCK = 20
"""Tracks of one block."""


@dataclass
class MemoryRadios:
    """``Radios`` that play the tracks that they were given, in order; down with ``away``.

    ``asked`` has what was asked for, answered or not.
    """

    tracks: dict[str, Sequence[str]] = field(default_factory=dict)
    away: bool = False
    asked: list[RadioRequest] = field(default_factory=list)
    given: dict[tuple[str, str, int], RadioBlock] = field(default_factory=dict)

    async def block(self, request: RadioRequest) -> RadioBlock:
        self.asked.append(request)
        if self.away:
            raise Unavailable("The radios cannot answer now.")
        if request.radio_id not in self.tracks:
            named = {"resource": "radio", "id": request.radio_id}
            raise NotFound("No such radio.", metadata=named)
        key = request.radio_id, request.playing_id, request.number
        if key not in self.given:
            at = BLOCK * (request.number - 1)
            chosen = self.tracks[request.radio_id][at : at + BLOCK]
            self.given[key] = RadioBlock(tuple(chosen), new_id())
        return self.given[key]
