"""What every ``PreferencesCache`` must do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import permutations

import pytest

from playback_svc.domain.preferences import BitratePreference, Preferences
from playback_svc.ports.preferences import PreferencesCache
from tests.contracts.playback.samples import new_id


def version(number: int) -> Preferences:
    """Preferences that their version determines."""
    return Preferences(
        bitrate=list(BitratePreference)[number % len(BitratePreference)],
        offline_enabled=number % 2 == 0,
        normalize=number % 3 == 0,
        private_session=number % 5 == 0,
        share_activity=number % 7 == 0,
        version=number,
    )


@dataclass(frozen=True, slots=True)
class CacheUnderTest:
    """An empty cache; ``forget_announced`` is as if a minute went by."""

    cache: PreferencesCache
    forget_announced: Callable[[str], Awaitable[None]]


class PreferencesCacheContract:
    """Subclass it with a fixture ``under_test``."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_nothing_is_known_of_a_stranger(
        self, under_test: CacheUnderTest, user: str
    ) -> None:
        await under_test.cache.put(new_id(), version(1))
        assert await under_test.cache.get(user) is None

    async def test_preferences_come_back_whole(self, under_test: CacheUnderTest, user: str) -> None:
        for number in range(12):
            await under_test.cache.put(user, version(number))
            assert await under_test.cache.get(user) == version(number)

    async def test_those_of_an_erased_user_are_gone_and_no_others(
        self, under_test: CacheUnderTest, user: str
    ) -> None:
        other = new_id()
        for one in (user, other):
            await under_test.cache.put(one, version(3))
        for _ in range(2):
            await under_test.cache.erase(user)
        assert await under_test.cache.get(user) is None
        assert await under_test.cache.get(other) == version(3)

    async def test_the_newest_stands_in_whatever_order_they_come(
        self, under_test: CacheUnderTest
    ) -> None:
        for order in permutations((1, 2, 10)):
            user = new_id()
            for number in order:
                await under_test.cache.put(user, version(number))
            assert await under_test.cache.get(user) == version(10)
            await asyncio.gather(*(under_test.cache.put(user, version(one)) for one in order))
            assert await under_test.cache.get(user) == version(10)

    async def test_what_is_announced_hides_what_is_older_until_it_is_put(
        self, under_test: CacheUnderTest, user: str
    ) -> None:
        await under_test.cache.put(user, version(1))
        await under_test.cache.announce(user, 2)
        assert await under_test.cache.get(user) is None
        await under_test.cache.put(user, version(1))
        assert await under_test.cache.get(user) is None
        await under_test.cache.put(user, version(2))
        assert await under_test.cache.get(user) == version(2)

    async def test_who_announces_late_hides_nothing(
        self, under_test: CacheUnderTest, user: str
    ) -> None:
        await under_test.cache.put(user, version(2))
        await under_test.cache.announce(user, 2)
        await under_test.cache.announce(user, 1)
        assert await under_test.cache.get(user) == version(2)

    async def test_an_announcement_is_forgotten_when_nobody_keeps_it(
        self, under_test: CacheUnderTest, user: str
    ) -> None:
        await under_test.cache.announce(user, 2)
        await under_test.forget_announced(user)
        await under_test.cache.put(user, version(1))
        assert await under_test.cache.get(user) == version(1)
