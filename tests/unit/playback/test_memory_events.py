"""Events and presence in memory."""

from __future__ import annotations

import pytest

from meshkit.faults import Unavailable
from playback_svc.adapters.memory.events import MemoryEventBus, MemorySwitchboard
from playback_svc.ports.events import SettingsChanged
from tests.contracts.playback.events_suite import EventBusContract, Instance
from tests.contracts.playback.samples import new_id


@pytest.fixture
def switchboard() -> MemorySwitchboard:
    return MemorySwitchboard()


class TestMemoryEvents(EventBusContract):
    @pytest.fixture
    def one(self, switchboard: MemorySwitchboard) -> Instance:
        return Instance(MemoryEventBus(switchboard))

    @pytest.fixture
    def two(self, switchboard: MemorySwitchboard) -> Instance:
        return Instance(MemoryEventBus(switchboard))

    async def crash_holding(self, two: Instance, user: str, device_id: str) -> None:
        assert isinstance(two.live, MemoryEventBus)
        dead = MemoryEventBus(two.live.switchboard)
        await dead.watch(user)
        await dead.connect(user, device_id)
        assert device_id in (await two.live.connected_devices([user]))[user]
        dead.crash()


async def test_presence_can_be_away(switchboard: MemorySwitchboard) -> None:
    events = MemoryEventBus(switchboard)
    switchboard.away = True
    with pytest.raises(Unavailable):
        await events.connected_devices([new_id()])


async def test_a_gap_is_told_on_demand_and_news_are_kept_for_tests() -> None:
    events = MemoryEventBus()
    instance = Instance(events)
    events.gap()
    await instance.gap()
    event = SettingsChanged(new_id())
    events.send(event)
    assert events.sent == [event]
