"""A ``Metrics`` for what is not about them."""

from __future__ import annotations

from playback_svc.domain.beats import Measurements


class NoMetrics:
    """Drops what clients measured."""

    def count_heard(self, rung: str, seconds: float) -> None:
        """See the port."""

    def observe(self, tier: str, measurements: Measurements) -> None:
        """See the port."""

    def count_streams(self, kind: str, difference: int) -> None:
        """See the port."""

    def count_session(self, tier: str) -> None:
        """See the port."""

    def set_playing(self, sessions: int) -> None:
        """See the port."""

    def count_unattributed(self, count: int) -> None:
        """See the port."""
