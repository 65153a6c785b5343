"""The mailboxes of devices, as they are read and worked off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from playback_svc.domain.devices import Device
from playback_svc.domain.mailbox import Applied, Command, Lapse, Pending


@dataclass(frozen=True, slots=True)
class MailboxSnapshot:
    """How a device's mailbox stands for a stream of it that was just opened.

    ``stream_number`` is above those of all its streams before. ``settled`` are the commands of
    which it was known only now that they were worked off; ``pending`` is what comes after them.
    """

    device: Device
    stream_number: int
    settled: tuple[int, ...]
    pending: Pending


class Mailboxes(Protocol):
    """The mailboxes of devices: filled by ``PlayerStateStore.commit``, read and worked off here.

    A device's ``last_applied`` only rises, and never over a command that is to be delivered.
    """

    async def open_stream(
        self,
        user_id: str,
        device_id: str,
        last_applied: int,
        volume_percent: int | None,
        now_ms: int,
        limit: int,
    ) -> MailboxSnapshot:
        """Numbers a stream, and takes down what its device says first.

        What waits up to ``last_applied`` becomes DONE; else as ``report``, and what is pending
        then. Raises NotFound, and InvalidArgument (last_applied) for a number never given.
        """
        ...

    async def acknowledge_lapse(self, user_id: str, device_id: str, lapse: Lapse) -> None:
        """The device knows of ``lapse``: ``last_applied`` rises over it."""
        ...

    async def pending(
        self, user_id: str, device_id: str, after: int, now_ms: int, limit: int
    ) -> Pending:
        """The first ``limit`` commands above ``after`` that are to be delivered at ``now_ms``.

        ``lapse`` spans those between ``after`` and the first of them (or the last that was ever
        given) that were neither worked off nor can be delivered.
        """
        ...

    async def last_numbers(self, devices: Sequence[tuple[str, str]]) -> list[int | None]:
        """The last number ever given to each device of a user; None where there is no such device.

        For some hundreds at once.
        """
        ...

    async def command(self, user_id: str, device_id: str, number: int) -> Command | None:
        """One command; None for one that is not kept."""
        ...

    async def latest(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        """The ``limit`` latest commands that are kept, below ``before``, by falling numbers."""
        ...

    async def report(
        self,
        user_id: str,
        device_id: str,
        applied: Sequence[Applied],
        volume_percent: int | None,
        now_ms: int,
    ) -> Device:
        """What a device says: commands worked off, its loudness, and that it was seen.

        The first word on a command stands. ``last_applied`` rises to the highest number with a
        word before the first that is to be delivered. A VOLUME command that becomes DONE sets the
        loudness, unless ``volume_percent`` does or a later one did. Returns the device as it is
        then. Raises NotFound for an unknown device, InvalidArgument (applied.number) for a
        number that was never given; nothing is written then.
        """
        ...
