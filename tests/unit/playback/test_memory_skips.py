"""Skips counted in memory."""

from __future__ import annotations

import pytest

from meshkit.faults import Unavailable
from playback_svc.adapters.memory.skips import MemorySkipWindows
from playback_svc.ports.skips import WINDOW_S
from tests.contracts.playback.samples import NOW, new_id
from tests.contracts.playback.skips_suite import LIMIT, SkipWindowsContract, Turn, skip_of


class TestMemorySkipWindows(SkipWindowsContract):
    @pytest.fixture
    def windows(self) -> MemorySkipWindows:
        return MemorySkipWindows(lambda: NOW)

    @pytest.fixture
    def turn(self, windows: MemorySkipWindows) -> Turn:
        async def turn() -> None:
            later = windows.clock() + WINDOW_S * 1000
            windows.clock = lambda: later

        return turn


@pytest.mark.parametrize(
    ("second", "left"), [(0.0, 1800), (0.999, 1800), (1.0, 1799), (1799.0, 1), (1799.999, 1)]
)
async def test_the_time_left_is_rounded_up_to_whole_seconds(second: float, left: int) -> None:
    beginning = NOW // 1000 // WINDOW_S * WINDOW_S * 1000
    windows = MemorySkipWindows(lambda: beginning + round(second * 1000))
    assert (await windows.read(new_id())).resets_in_s == left


async def test_without_its_store_no_skip_is_told_of_or_counted() -> None:
    windows = MemorySkipWindows(lambda: NOW, away=True)
    skip = skip_of(new_id())
    with pytest.raises(Unavailable):
        await windows.take(skip, LIMIT)
    with pytest.raises(Unavailable):
        await windows.give_back(skip)
    with pytest.raises(Unavailable):
        await windows.read(skip.user_id)
    windows.away = False
    assert (await windows.read(skip.user_id)).used == 0
