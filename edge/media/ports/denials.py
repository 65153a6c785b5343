"""What was taken back of media paths, at hand."""

from __future__ import annotations

from typing import Protocol

from edge.media.domain.denials import Denial
from meshkit.consuming import Replica


class Denials(Protocol):
    """The denials that are known here. Fails OPEN: a subject of which none is known has all."""

    def rungs_left(self, subject: str) -> frozenset[str] | None:
        """The rungs that the paths of a subject still give; None: all that they grant."""
        ...


class DenialReplica(Denials, Replica[Denial], Protocol):
    """The denials of this process, as the feed of playback keeps them.

    Must hold no more than a fixed number of subjects.
    """
