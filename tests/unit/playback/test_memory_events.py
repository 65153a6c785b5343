"""Wake-ups and presence in memory."""

from __future__ import annotations

import pytest

from meshkit.faults import Unavailable
from playback_svc.adapters.memory.events import MemorySwitchboard, MemoryWakeups
from playback_svc.ports.events import Adjusted
from tests.contracts.playback.events_suite import Instance, WakeupsContract
from tests.contracts.playback.samples import new_id


@pytest.fixture
def switchboard() -> MemorySwitchboard:
    return MemorySwitchboard()


class TestMemoryWakeups(WakeupsContract):
    @pytest.fixture
    def one(self, switchboard: MemorySwitchboard) -> Instance:
        return Instance(MemoryWakeups(switchboard))

    @pytest.fixture
    def two(self, switchboard: MemorySwitchboard) -> Instance:
        return Instance(MemoryWakeups(switchboard))

    async def bereave(self, two: Instance, user: str, device_id: str) -> None:
        assert isinstance(two.live, MemoryWakeups)
        dead = MemoryWakeups(two.live.switchboard)
        await dead.watch(user)
        await dead.attend(user, device_id)
        assert device_id in (await two.live.present([user]))[user]
        dead.die()


async def test_presence_can_be_away(switchboard: MemorySwitchboard) -> None:
    wakeups = MemoryWakeups(switchboard)
    switchboard.away = True
    with pytest.raises(Unavailable):
        await wakeups.present([new_id()])


async def test_a_gap_is_told_on_demand_and_news_are_kept_for_tests() -> None:
    wakeups = MemoryWakeups()
    instance = Instance(wakeups)
    wakeups.gap()
    await instance.gap()
    news = Adjusted(new_id())
    wakeups.send(news)
    assert wakeups.sent == [news]
