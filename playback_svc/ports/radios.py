"""Radios, as the service that chooses their tracks gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_TOLD = 100
"""So many tracks that were heard, and as many that were skipped, are told at most."""


@dataclass(frozen=True, slots=True)
class RadioRequest:
    """Which block is wanted, and what became of the tracks before, the latest last.

    ``playing_id`` is a ULID of one playing of the radio; its blocks are numbered from 1.
    """

    radio_id: str
    playing_id: str
    number: int
    heard: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RadioBlock:
    """What comes next in a radio, none where there is nothing more, and the list's own id."""

    track_ids: Sequence[str]
    shown_id: str


class Radios(Protocol):
    """The radios of the calling user."""

    async def block(self, request: RadioRequest) -> RadioBlock:
        """The block that is wanted.

        The same block of the same playing must be the same tracks under the same ``shown_id``
        whenever it is asked for, whatever else the request says. Blocks have ids of their own, and
        those of one playing no track twice while there are others. Raises NotFound for what is no
        radio of the user, Unavailable, DeadlineExceeded.
        """
        ...
