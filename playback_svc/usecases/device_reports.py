"""What a device says: how it went with its commands, and how loud it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshkit.faults import InvalidArgument
from playback_svc.domain.devices import Device
from playback_svc.domain.mailbox import Applied, CommandStatus
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import CommandReported, EventBus
from playback_svc.ports.mailboxes import Mailboxes, MailboxSnapshot

MOST_APPLIED = 500
READ_AT_ONCE = 100
LONGEST_DETAIL = 200
LOUDEST_PERCENT = 100
_WORDS = (CommandStatus.DONE, CommandStatus.SUPERSEDED, CommandStatus.FAILED)


class DeviceReports:
    """Takes down what devices say, and tells the senders who wait for it."""

    def __init__(self, mailboxes: Mailboxes, events: EventBus, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._events = events
        self._clock = clock

    async def report(
        self,
        user_id: str,
        device_id: str,
        applied: Sequence[Applied],
        volume_percent: int | None = None,
    ) -> Device:
        """The device as it is then, also seen now. What was reported before changes nothing.

        Raises InvalidArgument (also for a number that was never given), NotFound, Unavailable.
        """
        require_valid_report(applied, volume_percent)
        now_ms = self._clock()
        device = await self._mailboxes.report(user_id, device_id, applied, volume_percent, now_ms)
        self._tell(user_id, device_id, (one.number for one in applied))
        return device

    async def open_stream(
        self, user_id: str, device_id: str, last_applied: int, volume_percent: int | None
    ) -> MailboxSnapshot:
        """What a device says first on a stream, and how its mailbox stands then.

        Raises as :meth:`report` does.
        """
        if volume_percent is not None:
            require_volume("state.volume_percent", volume_percent)
        opening = await self._mailboxes.open_stream(
            user_id, device_id, last_applied, volume_percent, self._clock(), READ_AT_ONCE
        )
        self._tell(user_id, device_id, opening.settled)
        return opening

    def _tell(self, user_id: str, device_id: str, numbers: Iterable[int]) -> None:
        for number in sorted(set(numbers)):
            self._events.send(CommandReported(user_id, device_id, number))


def require_valid_report(applied: Sequence[Applied], volume_percent: int | None) -> None:
    """Raises InvalidArgument naming the first field that no device may send."""
    if len(applied) > MOST_APPLIED:
        raise InvalidArgument.field("applied", f"must be at most {MOST_APPLIED}")
    for index, one in enumerate(applied):
        if one.number < 1:
            raise InvalidArgument.field(f"applied[{index}].number", "must be from 1 on")
        if one.status not in _WORDS:
            raise InvalidArgument.field(
                f"applied[{index}].status", "must be DONE, SUPERSEDED or FAILED"
            )
        if len(one.detail) > LONGEST_DETAIL or not one.detail.isprintable():
            raise InvalidArgument.field(
                f"applied[{index}].detail", f"must be at most {LONGEST_DETAIL} printable characters"
            )
    if volume_percent is not None:
        require_volume("state.volume_percent", volume_percent)


def require_volume(field: str, percent: int) -> int:
    """``percent`` if it is 0 to 100; else InvalidArgument naming ``field``."""
    if not 0 <= percent <= LOUDEST_PERCENT:
        raise InvalidArgument.field(field, f"must be 0 to {LOUDEST_PERCENT}")
    return percent
