"""The counters of what clients measured."""

from __future__ import annotations

from typing import Protocol

from playback_svc.domain.beats import Measurements


class Metrics(Protocol):
    """Where what clients measured is added up."""

    def count_heard(self, rung: str, seconds: float) -> None:
        """Audio of the rung of that name was heard for ``seconds``."""
        ...

    def observe(self, tier: str, measurements: Measurements) -> None:
        """What a device counted since its beat before."""
        ...

    def count_streams(self, kind: str, difference: int) -> None:
        """So many gRPC streams of a kind more (or fewer) are held; kinds are few."""
        ...

    def count_session(self, tier: str) -> None:
        """A session told its first beat."""
        ...

    def set_playing(self, sessions: int) -> None:
        """So many sessions whose beats come to this process play now."""
        ...

    def count_unattributed(self, count: int) -> None:
        """So many bytes were delivered whose session nobody knows."""
        ...
