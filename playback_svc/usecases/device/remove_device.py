"""RemoveDevice: a device is forgotten."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import find_device
from playback_svc.domain.mailbox import CommandKind
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot
from playback_svc.usecases.device_views import active_device


class RemoveDevice:
    """Forgets a device. Raises Unavailable, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def __call__(self, user_id: str, device_id: str, key: RequestKey | None) -> None:
        """Forgets a device with its mailbox, and stops a session on it; none is as good as gone."""

        async def decide(snapshot: Snapshot) -> Decision:
            state = snapshot.partition.state
            if find_device(snapshot.partition.devices, device_id) is None:
                return Decision(state, NO_ANSWER)
            if snapshot.state is not None and active_device(state) == device_id:
                # Of a session that silence has ended this stores just that.
                state = player_state.stop(snapshot.state, snapshot.now_ms)
            return Decision(state, NO_ANSWER, CommandKind.STOP, removed_device=device_id)

        await self._commander.execute(user_id, key, decide)
