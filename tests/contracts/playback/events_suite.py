"""What every ``EventBus`` and ``Presence`` must do, as two instances see it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from playback_svc.domain.player_state import EndReason, Status, Version
from playback_svc.ports.events import (
    CommandQueued,
    CommandReported,
    DeviceConnected,
    Event,
    EventBus,
    PlaybackChanged,
    SettingsChanged,
)
from playback_svc.ports.presence import Presence
from tests.contracts.playback.samples import RUNGS, new_id

LIMIT_S = 60.0


class Live(EventBus, Presence, Protocol):
    """One adapter is both."""

    def listen(
        self, listener: Callable[[Event], None], on_gap: Callable[[], None] | None = None
    ) -> None: ...


@dataclass
class Instance:
    """An instance, what it has heard, and how often it may have missed something."""

    live: Live
    heard: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    gaps: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.live.listen(self.heard.put_nowait, lambda: self.gaps.put_nowait(None))

    async def next(self) -> Event:
        """What is heard next."""
        return await asyncio.wait_for(self.heard.get(), LIMIT_S)

    async def gap(self) -> None:
        """Waits until it was told that it may have missed something."""
        await asyncio.wait_for(self.gaps.get(), LIMIT_S)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what comes about soon; fails when it does not."""
    async with asyncio.timeout(LIMIT_S):
        while not await condition():
            await asyncio.sleep(0.01)


def about(user: str) -> Iterator[Event]:
    """Events of every kind."""
    version, device = Version(2, 9), "kitchen.speaker"
    yield PlaybackChanged(user, version, new_id(), device, Status.PLAYING, None, 180_000, RUNGS)
    yield PlaybackChanged(user, Version(3, 1), new_id(), "k", Status.STOPPED, EndReason.EXPIRED, 0)
    yield CommandQueued(user, "kitchen.speaker", 7)
    yield CommandReported(user, "kitchen.speaker", 7)
    yield SettingsChanged(user)
    yield DeviceConnected(user, "kitchen.speaker", 2**31)


class EventBusContract(ABC):
    """Subclass it with fixtures ``one`` and ``two``: running instances over one empty store.

    ``crash_holding`` makes it as if an instance had died that held the user, and this device of
    theirs, and its leases had run out since.
    """

    @abstractmethod
    async def crash_holding(self, two: Instance, user: str, device_id: str) -> None: ...

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_events_of_every_kind_reach_an_instance_whole(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.watch(user)
        for event in about(user):
            one.live.send(event)
            assert await two.next() == event

    async def test_what_is_not_watched_is_not_heard(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.watch(user)
        await two.live.connect(other := new_id(), "kitchen")
        one.live.send(SettingsChanged(other))
        one.live.send(SettingsChanged(user))
        assert await two.next() == SettingsChanged(user)

    async def test_one_s_own_news_are_heard_at_once_and_only_once(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await asyncio.gather(one.live.watch(user), two.live.watch(user))
        one.live.send(SettingsChanged(user))
        assert one.heard.get_nowait() == SettingsChanged(user)
        assert await two.next() == SettingsChanged(user)
        two.live.send(CommandQueued(user, "kitchen", 1))
        assert await one.next() == CommandQueued(user, "kitchen", 1)

    async def test_one_s_own_news_need_no_watching(self, one: Instance, user: str) -> None:
        one.live.send(SettingsChanged(user))
        assert one.heard.get_nowait() == SettingsChanged(user)

    async def test_a_user_is_heard_of_while_anyone_watches(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await asyncio.gather(two.live.watch(user), two.live.watch(user))
        two.live.unwatch(user)
        one.live.send(SettingsChanged(user))
        assert await two.next() == SettingsChanged(user)
        two.live.unwatch(user)
        await two.live.watch(other := new_id())
        one.live.send(SettingsChanged(user))
        one.live.send(SettingsChanged(other))
        assert await two.next() == SettingsChanged(other)

    async def test_a_user_left_and_watched_again_at_once_is_heard_of(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.watch(user)
        two.live.unwatch(user)
        await two.live.watch(user)
        await two.live.watch(other := new_id())
        for each in (user, other):
            one.live.send(SettingsChanged(each))
            assert await two.next() == SettingsChanged(each)

    async def test_the_news_of_one_sender_keep_their_order(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.watch(user)
        sent = [CommandQueued(user, "kitchen", number) for number in range(1_200)]
        for event in sent:
            one.live.send(event)
            if event.number % 100 == 0:
                await asyncio.sleep(0)
        assert [await two.next() for _ in sent] == sent

    async def test_devices_are_present_wherever_their_stream_is(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await one.live.connect(user, "phone")
        await two.live.connect(user, "kitchen")
        await two.live.watch(user)
        await two.live.connect(other := new_id(), "kitchen")
        nobody = new_id()
        for instance in (one, two):
            assert await instance.live.connected_devices([user, nobody, other]) == {
                user: {"phone", "kitchen"},
                nobody: set(),
                other: {"kitchen"},
            }
        assert await one.live.connected_devices([]) == {}

    async def test_a_device_is_present_until_its_last_stream_is_gone(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.connect(user, "phone")
        await two.live.connect(user, "phone")
        await one.live.connect(user, "phone")
        two.live.disconnect(user, "phone")
        one.live.disconnect(user, "phone")
        assert (await two.live.connected_devices([user]))[user] == {"phone"}
        assert (await one.live.connected_devices([user]))[user] == {"phone"}
        two.live.disconnect(user, "phone")
        assert (await two.live.connected_devices([user]))[user] == set()

        async def gone() -> bool:
            return not (await one.live.connected_devices([user]))[user]

        await until(gone)

    async def test_the_devices_of_a_dead_instance_are_forgotten(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.connect(user, "phone")
        await self.crash_holding(two, user, "kitchen")
        assert (await two.live.connected_devices([user]))[user] == {"phone"}
        assert (await one.live.connected_devices([user]))[user] == {"phone"}

    async def test_nobody_is_told_of_a_gap_where_there_is_none(
        self, one: Instance, two: Instance, user: str
    ) -> None:
        await two.live.watch(user)
        one.live.send(SettingsChanged(user))
        await two.next()
        assert one.gaps.empty()
        assert two.gaps.empty()
