"""Radios as they are kept, and what users did with what they gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from meshkit.idempotency import RequestKey
from rec_svc.domain.radios import Block, Radio, Station

MOST_RADIOS: Final = 100
"""So many radios of a user are kept: those that were started last."""
MOST_GIVEN: Final = 10_000
"""So many tracks of a radio are remembered as given: the latest."""


class Started(NamedTuple):
    """A radio that was started, and how many older ones were dropped for it."""

    radio: Radio
    dropped: int


class Radios(Protocol):
    """The radios of users. To everybody but its user a radio must be as one that there is not.

    Whatever has a request key must be done once for equal keys, as ``meshkit.idempotency`` says.
    All calls raise Unavailable.
    """

    async def start(self, radio: Radio, key: RequestKey | None = None) -> Started:
        """Must keep the radio, or answer what its request started before; of the user's radios at
        most ``MOST_RADIOS`` must stay. Of an erased user nothing is kept.

        Raises RequestIdReused.
        """
        ...

    async def find(self, user_id: str, radio_id: str) -> Radio | None:
        """The radio, or None."""
        ...

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Radio]:
        """The user's radios by (created_at_ms desc, radio_id desc), those behind ``after``."""
        ...

    async def delete(self, user_id: str, radio_id: str, key: RequestKey | None = None) -> None:
        """Must drop the radio with all that it gave; one that there is not makes no difference.

        Raises RequestIdReused.
        """
        ...

    async def station(self, user_id: str, radio_id: str, since_ms: int) -> Station | None:
        """The radio, with what it gave since then and what steers it; or None."""
        ...

    async def answered(self, key: RequestKey | None) -> Block | None:
        """The block that was given to an equal key, or None. Raises RequestIdReused."""
        ...

    async def give(
        self, station: Station, block: Block, key: RequestKey | None = None
    ) -> Block | None:
        """Must enter the tracks of ``block`` as given by the radio, in their order, and return it,
        if the radio is there and at the revision of ``station``, which then rises; else None.

        Of two with one revision one must get None. With a key that was used before, what it was
        given then must be answered and nothing entered. Raises RequestIdReused.
        """
        ...


class RadioPlay(NamedTuple):
    """A play from a radio that was left at those Unix milliseconds."""

    radio_id: str
    user_id: str
    track_id: str
    at_ms: int
    skipped: bool


class RadioSave(NamedTuple):
    """A user saved a track at those Unix milliseconds, or took it out again."""

    user_id: str
    track_id: str
    at_ms: int
    saved: bool


class RadioFeedback(Protocol):
    """What users did with what radios gave; whatever is told again must make no difference."""

    async def play(self, plays: Sequence[RadioPlay]) -> None:
        """Must mark what was skipped, and unmark what was heard later; of a radio of the user's,
        and of tracks that it gave, alone; of each track the play that was left last must count."""
        ...

    async def save(self, saves: Sequence[RadioSave]) -> None:
        """Must mark what was saved within ``NOT_TWICE_MS`` after it was given, in the radio of the
        user's that gave it last before that; what was taken out in all of theirs no more.
        """
        ...

    async def prune(self, before_ms: int) -> int:
        """Must drop what was given before then and steers nothing; returns how many tracks."""
        ...
