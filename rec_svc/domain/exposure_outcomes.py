"""Lists that users were shown, and what users did with them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exposure:
    """A list that was made for a user, who may be shown it.

    ``surface`` is where it stands, such as ``home`` or ``radio``; ``track_ids`` are in its order,
    ``propensities`` how likely each was to stand there, 0 to 1, as many or none.
    ``assignments`` is the arm by the id of its experiment (``experiments.Assignments.arms``).
    """

    user_id: str
    shown_id: str
    surface: str
    track_ids: tuple[str, ...]
    model_id: str
    at_ms: int
    assignments: Mapping[str, str] = field(default_factory=dict)
    propensities: tuple[float, ...] = ()
    held_back: bool = False


class Kind(enum.Enum):
    """What a user did."""

    PLAY = "play"
    SAVE = "save"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a user did, as it was told.

    ``subject`` makes it one thing however often it is told: of a play its id, of a save its track.
    A play names the list that it was chosen from (``shown_id``; empty: none); a save counts for the
    list that the user was shown last with that track. ``skipped``: by a skip,
    before it counted.
    """

    kind: Kind
    user_id: str
    subject: str
    at_ms: int
    shown_id: str = ""
    skipped: bool = False
    completed: bool = False


@dataclass(frozen=True, slots=True)
class CountedOutcome:
    """An outcome that was counted for the first time, and the list that it came from."""

    outcome: Outcome
    surface: str
    model_id: str
    assignments: Mapping[str, str]
    held_back: bool
