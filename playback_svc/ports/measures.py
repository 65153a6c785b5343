"""The counters of what clients measured."""

from __future__ import annotations

from typing import Protocol

from playback_svc.domain.beats import Counted


class Measures(Protocol):
    """Where what clients measured is added up."""

    def heard(self, rung: str, seconds: float) -> None:
        """Audio of the rung of that name was heard for ``seconds``."""
        ...

    def report(self, tier: str, counted: Counted) -> None:
        """What a device counted since its beat before."""
        ...

    def streams(self, kind: str, difference: int) -> None:
        """So many gRPC streams of a kind more (or fewer) are held; kinds are few."""
        ...

    def begun(self, tier: str) -> None:
        """A session told its first beat."""
        ...

    def playing(self, sessions: int) -> None:
        """So many sessions whose beats come to this process play now."""
        ...

    def unattributed(self, count: int) -> None:
        """So many bytes were delivered whose session nobody knows."""
        ...
