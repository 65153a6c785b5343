"""What instances tell each other of users: events, which may be lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from playback_svc.domain.player_state import EndReason, Rung, Status, Version


@dataclass(frozen=True, slots=True)
class PlaybackChanged:
    """A user's playback changed: what those who watch it must know.

    ``duration_ms`` is the length of the track that plays now, ``rungs`` what of it is streamed.
    """

    user_id: str
    version: Version
    session_id: str
    device_id: str
    status: Status
    ended_by: EndReason | None
    duration_ms: int
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandQueued:
    """Command ``number`` was put into a device's mailbox."""

    user_id: str
    device_id: str
    number: int


@dataclass(frozen=True, slots=True)
class CommandReported:
    """A device said how it went with command ``number``."""

    user_id: str
    device_id: str
    number: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The user's preferences, or the list of devices, changed."""

    user_id: str


@dataclass(frozen=True, slots=True)
class DeviceConnected:
    """A device has opened a stream; its streams of lower numbers end."""

    user_id: str
    device_id: str
    stream_number: int


Event = PlaybackChanged | CommandQueued | CommandReported | SettingsChanged | DeviceConnected
"""What an instance tells the others."""


class EventBus(Protocol):
    """Tells every instance that holds streams of a user what happened. May lose events.

    The instance that sends hears its own events at once, without the store.
    """

    def send(self, event: Event) -> None:
        """Tell soon; never blocks and never raises."""
        ...

    async def watch(self, user_id: str) -> None:
        """Hear of this user from now on. Returns when heard, or when that cannot be known.

        Measurements: hears until :meth:`unwatch` was called as often.
        """
        ...

    def unwatch(self, user_id: str) -> None:
        """Hear of this user no longer."""
        ...


class EventExchange(EventBus, Protocol):
    """The bus as the process runs it."""

    def listen(
        self, listener: Callable[[Event], None], on_gap: Callable[[], None] | None = None
    ) -> None:
        """Have ``listener`` called with all events of watched users, and of one's own sending.

        ``on_gap`` is called when events may have been missed and come again. Neither may raise.
        """
        ...

    async def run(self) -> None:
        """Exchange events until cancelled."""
        ...
