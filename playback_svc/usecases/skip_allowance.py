"""How many skips a user has left, for those who look at playback."""

from __future__ import annotations

import structlog

from meshkit.faults import Fault
from playback_svc.ports.clients import Plans
from playback_svc.ports.clock import Clock
from playback_svc.ports.skips import WINDOW_S, SkipsAhead, SkipWindows

_log = structlog.get_logger("playback")


class SkipAllowance:
    """Looks into the present window of skips, and counts nothing."""

    def __init__(self, windows: SkipWindows, plans: Plans, clock: Clock) -> None:
        self._windows = windows
        self._plans = plans
        self._clock = clock

    async def __call__(self, user_id: str, tier: str) -> SkipsAhead | None:
        """What is left; None where the plan does not limit skips.

        Fails OPEN, as None: nobody is kept from seeing what plays.
        """
        try:
            limit = (await self._plans.plan(tier)).skips_per_window
            if limit is None:
                return None
            tally = await self._windows.read(user_id)
        except Fault as fault:
            _log.warning("skips left not told", reason=fault.reason)
            return None
        # Windows begin at multiples of their length, whatever this process's clock says.
        ends_s = self._clock() / 1000 + tally.resets_in_s
        return SkipsAhead(max(0, limit - tally.used), round(ends_s / WINDOW_S) * WINDOW_S)
