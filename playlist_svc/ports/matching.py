"""Which tracks of the catalogue descriptions of recordings mean."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_DESCRIPTIONS = 100
"""Descriptions that one call may have."""


class Match(enum.Enum):
    """How sure it is that a track is meant."""

    BY_ID = "BY_ID"
    """It was named by its id; the catalogue's matching never says so."""
    EXACT = "EXACT"
    SIMILAR = "SIMILAR"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says about a recording; empty or 0 ms where it does not say."""

    title: str
    artist: str = ""
    album: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Matched:
    """What one description means; ``track_id`` is empty for NONE."""

    match: Match = Match.NONE
    track_id: str = ""


class Matching(Protocol):
    """The catalogue's matching."""

    async def match(self, descriptions: Sequence[Description]) -> Sequence[Matched]:
        """Must answer one for each of at most ``MOST_DESCRIPTIONS``, in their order.

        A track that is named may have left the catalogue since. Must raise Unavailable when the
        catalogue cannot answer.
        """
        ...
