"""Events and presence in memory: as many instances as a test wants, over one switchboard."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from meshkit.faults import Unavailable
from playback_svc.ports.events import Event


@dataclass(eq=False)
class MemorySwitchboard:
    """What instances share; presence cannot be asked with ``away``."""

    instances: list[MemoryEventBus] = field(default_factory=list)
    away: bool = False


@dataclass(eq=False)
class MemoryEventBus:
    """``EventBus`` and ``Presence`` of one instance. Others hear at the loop's next turn."""

    switchboard: MemorySwitchboard = field(default_factory=MemorySwitchboard)
    sent: list[Event] = field(default_factory=list)
    _listener: Callable[[Event], None] | None = None
    _on_gap: Callable[[], None] | None = None
    _watched: Counter[str] = field(default_factory=Counter)
    _attending: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.switchboard.instances.append(self)

    def listen(
        self, listener: Callable[[Event], None], on_gap: Callable[[], None] | None = None
    ) -> None:
        """Have ``listener`` called with all events of watched users, and of one's own sending."""
        self._listener = listener
        self._on_gap = on_gap

    def send(self, event: Event) -> None:
        self.sent.append(event)
        self._receive(event)
        for other in self.switchboard.instances:
            if other is not self and other._watched[event.user_id]:
                asyncio.get_running_loop().call_soon(other._told, event)

    def _told(self, event: Event) -> None:
        if self._watched[event.user_id]:
            self._receive(event)

    def _receive(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)

    async def watch(self, user_id: str) -> None:
        self._watched[user_id] += 1

    def unwatch(self, user_id: str) -> None:
        self._watched[user_id] -= 1

    async def connect(self, user_id: str, device_id: str) -> None:
        self._attending[user_id, device_id] += 1

    def disconnect(self, user_id: str, device_id: str) -> None:
        self._attending[user_id, device_id] -= 1

    async def connected_devices(self, user_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        if self.switchboard.away:
            raise Unavailable("The store cannot answer now.", reason="STORE_UNAVAILABLE")
        attending = sum((each._attending for each in self.switchboard.instances), Counter())
        return {
            user_id: frozenset(device for owner, device in attending if owner == user_id)
            for user_id in user_ids
        }

    def gap(self) -> None:
        """As if events had been missed."""
        if self._on_gap is not None:
            self._on_gap()

    def crash(self) -> None:
        """As if the process had been killed, and its leases had run out since."""
        self.switchboard.instances.remove(self)
