"""Seek: to another position of the track that plays."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.answers import Answer
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target, TargetedCommands


class Seek:
    """Moves within a track."""

    def __init__(self, commands: TargetedCommands) -> None:
        self._commands = commands

    async def __call__(
        self, caller: Caller, target: Target, position_ms: int, key: RequestKey | None
    ) -> Answer:
        """The session at ``position_ms``, not negative; beyond the end is the end.

        Raises as ``TargetedCommands`` does.
        """

        def seek(state: PlayerState, now_ms: int) -> PlayerState:
            return player_state.seek(state, position_ms, now_ms)

        return await self._commands.move(caller, target, key, seek, CommandKind.SEEK)
