"""One stream of a device: what it has read of its mailbox, and how much its device has said."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.faults import ResourceExhausted
from meshkit.principal import Principal
from meshkit.stream_ends import HeldStream
from playback_svc.domain.mailbox import Command
from playback_svc.usecases.device_reports import READ_AT_ONCE

MESSAGES_A_SECOND = 50
MESSAGES_AT_ONCE = 1000
_LIMIT_RETRY_S = 5.0


class DeviceStream(HeldStream):
    """One stream of a device.

    Commands up to ``known`` were read for it, and those ``waiting`` are not delivered yet. It was
    told of commands up to ``told``; ``behind`` says that some of them may be there to be read.
    ``volume_percent`` is the device's where that is not stored yet.
    """

    __slots__ = (
        "arrival_ms",
        "behind",
        "connected",
        "device_id",
        "known",
        "number",
        "told",
        "volume_due",
        "volume_percent",
        "volume_reported_at_ms",
        "waiting",
        "watched",
    )  # fmt: skip

    def __init__(self, holder: Principal) -> None:
        super().__init__(holder)
        self.device_id = ""
        self.number = 0
        self.watched = self.connected = self.behind = False
        self.known = self.told = self.arrival_ms = self.volume_reported_at_ms = 0
        self.volume_percent: int | None = None
        self.volume_due = False
        self.waiting: Sequence[Command] = ()

    def notify(self, number: int) -> None:
        """There is a command of that number."""
        self.told = max(self.told, number)
        if number > self.known and not self.behind:
            self.behind = True
            self.nudge()

    def fill(self, commands: Sequence[Command], told: int) -> None:
        """These are next of what was there when it was told of commands up to ``told``."""
        self.waiting = commands
        if commands:
            self.known = commands[-1].number
        if len(commands) == READ_AT_ONCE:
            self.behind = True
        else:
            # What was told and not found is worked off, or too old.
            self.known = max(self.known, told)

    def taken(self) -> Sequence[Command]:
        """What is to be delivered now, in order; given once."""
        commands, self.waiting = self.waiting, ()
        return commands

    def limit_rate(self, messages: int, now_ms: int) -> None:
        """So many messages came.

        Raises ResourceExhausted for more than ``MESSAGES_A_SECOND`` in the long run.
        """
        arrival_ms = max(self.arrival_ms, now_ms) + messages * 1000 // MESSAGES_A_SECOND
        if arrival_ms - now_ms > MESSAGES_AT_ONCE * 1000 // MESSAGES_A_SECOND:
            raise ResourceExhausted(
                f"A device may say {MESSAGES_A_SECOND} things a second.",
                metadata={"limit": "messages_per_stream"},
                retry_after_s=_LIMIT_RETRY_S,
            )
        self.arrival_ms = arrival_ms
