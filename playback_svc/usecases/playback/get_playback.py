"""GetPlayback: what plays for a user now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.clock import Clock
from playback_svc.ports.player_states import Partition
from playback_svc.ports.skips import SkipsAhead
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.skip_allowance import SkipAllowance


@dataclass(frozen=True, slots=True)
class Playing:
    """The state as of now and the position (ms) now.

    ``derived`` says that silence has ended the session and that this is not stored yet. ``skips``
    is None where nothing limits them, or nobody can tell.
    """

    state: PlayerState
    position_ms: int
    derived: bool = False
    skips: SkipsAhead | None = None


class GetPlayback:
    """Reads the row, the last beat, and derives what holds now."""

    def __init__(self, commander: Commander, allowance: SkipAllowance, clock: Clock) -> None:
        self._commander = commander
        self._allowance = allowance
        self._clock = clock

    async def __call__(self, user_id: str, tier: str) -> Playing | None:
        """What plays; None for a user who never played anything. Raises Unavailable."""
        partition, _ = await self._commander.stored_answer(user_id, None)
        playing, skips = await asyncio.gather(
            self._playing(partition), self._allowance(user_id, partition.tier(tier))
        )
        return replace(playing, skips=skips) if playing else None

    async def _playing(self, partition: Partition) -> Playing | None:
        stored, state = partition.state, await self._commander.current(partition)
        if stored is None or state is None:
            return None
        derived = state.version != stored.version
        return Playing(state, state.position_at(self._clock()), derived)
