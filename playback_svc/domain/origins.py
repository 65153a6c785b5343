"""Where a play came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ContextKind(StrEnum):
    """What is played from; TRACKS is a list that the caller gave, RADIO has no end."""

    PLAYLIST = "PLAYLIST"
    ALBUM = "ALBUM"
    ARTIST = "ARTIST"
    TRACKS = "TRACKS"
    RADIO = "RADIO"


@dataclass(frozen=True, slots=True)
class PlayOrigin:
    """``kind`` is None for a track by itself.

    ``shown_id`` names the list on the screen from which it was chosen, '' for none.
    """

    kind: ContextKind | None = None
    context_id: str = ""
    shown_id: str = ""


NOWHERE = PlayOrigin()
"""A track by itself, or one that was queued without a word on where it came from."""
