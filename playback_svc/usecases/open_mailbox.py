"""A device comes for its commands."""

from __future__ import annotations

from playback_svc.ports.clock import Clock
from playback_svc.ports.events import EventBus
from playback_svc.ports.mailboxes import Mailboxes, MailboxSnapshot
from playback_svc.usecases.device_reports import READ_AT_ONCE, publish_reports, require_volume


class OpenMailbox:
    """Takes down what a device says first on a stream, and reads what waits for it."""

    def __init__(self, mailboxes: Mailboxes, events: EventBus, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._events = events
        self._clock = clock

    async def __call__(
        self, user_id: str, device_id: str, last_applied: int, volume_percent: int | None
    ) -> MailboxSnapshot:
        """What a device says first on a stream, and how its mailbox stands then.

        Raises as ``ReportApplied`` does.
        """
        if volume_percent is not None:
            require_volume("state.volume_percent", volume_percent)
        opening = await self._mailboxes.open_stream(
            user_id, device_id, last_applied, volume_percent, self._clock(), READ_AT_ONCE
        )
        publish_reports(self._events, user_id, device_id, opening.settled)
        return opening
