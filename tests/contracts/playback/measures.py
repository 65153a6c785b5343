"""A ``Measures`` for what is not about them."""

from __future__ import annotations

from playback_svc.domain.beats import Counted


class NoMeasures:
    """Drops what clients measured."""

    def heard(self, rung: str, seconds: float) -> None:
        """See the port."""

    def report(self, tier: str, counted: Counted) -> None:
        """See the port."""

    def streams(self, kind: str, difference: int) -> None:
        """See the port."""

    def begun(self, tier: str) -> None:
        """See the port."""

    def playing(self, sessions: int) -> None:
        """See the port."""

    def unattributed(self, count: int) -> None:
        """See the port."""
