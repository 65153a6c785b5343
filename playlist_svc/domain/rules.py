"""Rules of smart playlists: which tracks of the catalogue, in which order, how many."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Match(enum.Enum):
    """How conditions go together."""

    ALL = "ALL"
    ANY = "ANY"


class Field(enum.Enum):
    """What of a track a condition looks at."""

    GENRE = "GENRE"
    YEAR = "YEAR"
    ADDED = "ADDED"
    SAVED = "SAVED"
    ARTIST = "ARTIST"
    DURATION = "DURATION"
    ALBUM = "ALBUM"
    TITLE = "TITLE"
    STREAMS = "STREAMS"


class Operator(enum.Enum):
    """How a condition looks at it."""

    IS = "IS"
    IS_NOT = "IS_NOT"
    CONTAINS = "CONTAINS"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"
    BETWEEN = "BETWEEN"
    IN_LAST_DAYS = "IN_LAST_DAYS"
    NOT_IN_LAST_DAYS = "NOT_IN_LAST_DAYS"


class Ordering(enum.Enum):
    """What the chosen tracks are ordered by."""

    ADDED = "ADDED"
    TITLE = "TITLE"
    ARTIST = "ARTIST"
    ALBUM = "ALBUM"
    YEAR = "YEAR"
    DURATION = "DURATION"
    STREAMS = "STREAMS"
    SAVED = "SAVED"
    RANDOM = "RANDOM"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``values`` are texts, numbers as digits."""

    field: Field
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a smart playlist is made of; ``limit`` is 1 to 10,000."""

    match: Match
    conditions: tuple[Condition, ...]
    limit: int
    order: Ordering
    descending: bool
