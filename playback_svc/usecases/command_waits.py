"""Waiting for a device's word on a command, without asking the store again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from meshkit.faults import NotFound, ResourceExhausted
from playback_svc.domain.devices import Device
from playback_svc.domain.mailbox import Command, CommandStatus
from playback_svc.domain.player_state import Version
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import CommandReported, Event, EventBus, SettingsChanged
from playback_svc.ports.mailboxes import Mailboxes

WAITS_PER_USER = 16
_LIMIT_RETRY_S = 5.0
# What changes no version, such as the loudness, may have been sent since.
_LOOKED_BACK = 100


@dataclass(eq=False, slots=True)
class _Wait:
    device_id: str
    number: int
    event: asyncio.Event = field(default_factory=asyncio.Event)


class CommandWaits:
    """Calls that wait for devices. Events wake them; the store has the word on how it went."""

    def __init__(self, mailboxes: Mailboxes, events: EventBus, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._events = events
        self._clock = clock
        self._reserved: dict[str, int] = {}
        self._waits: dict[str, list[_Wait]] = {}
        self._draining = False

    @contextmanager
    def reserve(self, user_id: str, within_s: float) -> Iterator[None]:
        """Room for one wait of a user, to be had before what is waited for is done.

        Raises ResourceExhausted where too many wait; a wait of no length needs no room.
        """
        if within_s <= 0:
            yield
            return
        taken = self._reserved.get(user_id, 0)
        if taken >= WAITS_PER_USER:
            raise ResourceExhausted(
                f"At most {WAITS_PER_USER} calls of a user wait for devices at a time.",
                metadata={"limit": "waits_per_user"},
                retry_after_s=_LIMIT_RETRY_S,
            )
        self._reserved[user_id] = taken + 1
        try:
            yield
        finally:
            self._reserved[user_id] -= 1
            if not self._reserved[user_id]:
                del self._reserved[user_id]

    async def command(
        self,
        user_id: str,
        device_id: str,
        number: int,
        within_s: float = 0.0,
        sent: Command | None = None,
    ) -> Command:
        """The command, once its device said how it went or ``within_s`` are over.

        ``sent`` is the command where it was stored just now. Raises NotFound for one that is not
        kept, also where its device is removed meanwhile.
        """
        command = sent or await self._read(user_id, device_id, number)
        if within_s <= 0 or self._settled(command):
            return command
        wait = _Wait(device_id, number)
        self._waits.setdefault(user_id, []).append(wait)
        try:
            # Watched before the command is read again: a word in between is heard, not missed.
            await self._events.watch(user_id)
            return await self._settling(user_id, wait, within_s)
        finally:
            self._events.unwatch(user_id)
            self._waits[user_id].remove(wait)
            if not self._waits[user_id]:
                del self._waits[user_id]

    async def latest(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        """Commands that are kept, below ``before``, the newest first. Raises Unavailable."""
        return await self._mailboxes.latest(user_id, device_id, before, limit)

    async def under_way(self, user_id: str, device: Device, version: Version) -> Command | None:
        """The last command that is to bring a device to ``version`` and that it has yet to obey."""
        first = max(0, device.last_number - _LOOKED_BACK)
        pending = await self._mailboxes.pending(
            user_id, device.device_id, first, self._clock(), _LOOKED_BACK
        )
        for command in reversed(pending.commands):
            if command.target is not None and command.target.version == version:
                return command
        return None

    async def _settling(self, user_id: str, wait: _Wait, within_s: float) -> Command:
        try:
            async with asyncio.timeout(within_s):
                while True:
                    wait.event.clear()
                    command = await self._read(user_id, wait.device_id, wait.number)
                    if self._settled(command) or self._draining:
                        return command
                    await wait.event.wait()
        except TimeoutError:
            return await self._read(user_id, wait.device_id, wait.number)

    async def _read(self, user_id: str, device_id: str, number: int) -> Command:
        command = await self._mailboxes.command(user_id, device_id, number)
        if command is None:
            raise command_not_found_error(number)
        return command

    def _settled(self, command: Command) -> bool:
        return command.status_at(self._clock()) is not CommandStatus.PENDING

    def handle_event(self, event: Event) -> None:
        """Wakes the calls that the events may concern. Never raises."""
        for wait in self._waits.get(event.user_id, ()):
            match event:
                case CommandReported(_, device_id, number):
                    if (device_id, number) == (wait.device_id, wait.number):
                        wait.event.set()
                case SettingsChanged():
                    wait.event.set()

    def handle_gap(self) -> None:
        """Events may have been missed: every call looks for itself."""
        for waits in self._waits.values():
            for wait in waits:
                wait.event.set()

    async def drain(self) -> None:
        """Answers what is known now; nobody waits any more."""
        self._draining = True
        self.handle_gap()


def command_not_found_error(number: int) -> NotFound:
    """The fault for a command that is not kept."""
    return NotFound(
        "The device has no such command.", metadata={"resource": "command", "id": str(number)}
    )
