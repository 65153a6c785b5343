"""``ReportShown``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rec_svc.ports.exposures import Exposures


class ReportShown:
    """Takes down which lists a user has seen."""

    def __init__(self, exposures: Exposures, clock: Callable[[], int]) -> None:
        self._exposures = exposures
        self._clock = clock

    async def __call__(self, user_id: str, shown_ids: Sequence[str]) -> None:
        """Marks the user's own of those lists. Raises Unavailable."""
        await self._exposures.show(user_id, list(dict.fromkeys(shown_ids)), self._clock())
