"""What devices may say of commands and of themselves, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshkit.faults import InvalidArgument
from playback_svc.domain.mailbox import Applied, CommandStatus
from playback_svc.ports.events import CommandReported, EventBus

MOST_APPLIED = 500
READ_AT_ONCE = 100
LONGEST_DETAIL = 200
LOUDEST_PERCENT = 100
_REPORTED = (CommandStatus.DONE, CommandStatus.SUPERSEDED, CommandStatus.FAILED)


def require_valid_report(applied: Sequence[Applied], volume_percent: int | None) -> None:
    """Raises InvalidArgument naming the first field that no device may send."""
    if len(applied) > MOST_APPLIED:
        raise InvalidArgument.field("applied", f"must be at most {MOST_APPLIED}")
    for index, one in enumerate(applied):
        if one.number < 1:
            raise InvalidArgument.field(f"applied[{index}].number", "must be from 1 on")
        if one.status not in _REPORTED:
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


def publish_reports(events: EventBus, user_id: str, device_id: str, numbers: Iterable[int]) -> None:
    """Tells the senders who wait for these commands."""
    for number in sorted(set(numbers)):
        events.send(CommandReported(user_id, device_id, number))
