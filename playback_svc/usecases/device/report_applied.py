"""ReportApplied: how it went with a device's commands, and how loud it is."""

from __future__ import annotations

from collections.abc import Sequence

from playback_svc.domain.devices import Device
from playback_svc.domain.mailbox import Applied
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import EventBus
from playback_svc.ports.mailboxes import Mailboxes
from playback_svc.usecases.device_reports import publish_reports, require_valid_report


class ReportApplied:
    """Takes down what a device says, and tells the senders who wait for it."""

    def __init__(self, mailboxes: Mailboxes, events: EventBus, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._events = events
        self._clock = clock

    async def __call__(
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
        publish_reports(self._events, user_id, device_id, (one.number for one in applied))
        return device
