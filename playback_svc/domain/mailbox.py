"""Commands in a device's mailbox: numbered, in order, each until it is worked off or too old."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from playback_svc.domain.player_state import PlayerState

LIFE_MS = 600_000
"""A command that was not fetched for this long is not delivered any more."""

KEPT_MS = 24 * 3_600_000
"""What became of a command can be asked for this long."""


class CommandKind(StrEnum):
    """What was asked for."""

    PLAY = "PLAY"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    SEEK = "SEEK"
    STOP = "STOP"
    SKIP = "SKIP"
    PREVIOUS = "PREVIOUS"
    ADVANCE = "ADVANCE"
    QUEUE = "QUEUE"
    TRANSFER = "TRANSFER"
    VOLUME = "VOLUME"


class CommandStatus(StrEnum):
    """How far a command is. EXPIRED is derived from the time, never stored."""

    PENDING = "PENDING"
    DONE = "DONE"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``target`` is the user's playback as it shall be, None for VOLUME.

    The target's queue is left out; ``queue_count`` says how many entries it has.
    """

    device_id: str
    number: int
    kind: CommandKind
    target: PlayerState | None
    issued_at_ms: int
    queue_count: int = 0
    volume_percent: int = 0
    sender: str = ""
    status: CommandStatus = CommandStatus.PENDING
    detail: str = ""

    @property
    def expires_at_ms(self) -> int:
        """From when on it is not delivered."""
        return self.issued_at_ms + LIFE_MS

    def status_at(self, now_ms: int) -> CommandStatus:
        """How far it is at ``now_ms``."""
        if self.status is CommandStatus.PENDING and now_ms >= self.expires_at_ms:
            return CommandStatus.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True)
class Applied:
    """What a device says of a command: DONE, SUPERSEDED or FAILED, and why."""

    number: int
    status: CommandStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lapse:
    """Commands ``first`` to ``last`` grew too old before their device came for them."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for a device, by rising number, and what has lapsed before it."""

    commands: tuple[Command, ...]
    lapse: Lapse | None
