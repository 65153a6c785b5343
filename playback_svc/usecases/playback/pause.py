"""Pause: the session is held where it is."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.mailbox import CommandKind
from playback_svc.ports.answers import Answer
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target, TargetedCommands


class Pause:
    """Holds a session."""

    def __init__(self, commands: TargetedCommands) -> None:
        self._commands = commands

    async def __call__(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """The session, held. Raises as ``TargetedCommands`` does."""
        return await self._commands.move(caller, target, key, player_state.pause, CommandKind.PAUSE)
