"""What was taken back of the media paths of a subject."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denial:
    """The rungs that the paths of ``subject`` still give, none for good.

    ``version`` rises with every denial of the subject. At ``forget_at`` (Unix seconds) the last of
    its paths that it is about has expired.
    """

    subject: str
    version: int
    rungs: frozenset[str]
    forget_at: float

    @property
    def id(self) -> str:
        """What ``version`` rises with: the subject."""
        return self.subject
