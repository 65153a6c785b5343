"""Streams of devices over stores in memory: what is read, when, and what a lost word costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from meshkit.faults import InvalidArgument, ResourceExhausted, Unavailable
from meshkit.principal import Principal
from meshkit.stream_ends import Reason
from meshkit.streams import OpenStreams
from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus, MemorySwitchboard
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.mailbox import (
    LIFE_MS,
    Applied,
    Command,
    CommandKind,
    CommandStatus,
    Lapse,
    Pending,
)
from playback_svc.domain.player_state import stop
from playback_svc.ports.events import (
    CommandQueued,
    CommandReported,
    DeviceConnected,
    SettingsChanged,
)
from playback_svc.ports.player_states import Change, DropDevice
from playback_svc.streams.device_stream import MESSAGES_A_SECOND, MESSAGES_AT_ONCE, DeviceStream
from playback_svc.streams.device_streams import (
    COMPARED_A_TICK,
    COMPARED_EVERY_S,
    VOLUME_EVERY_MS,
    DeviceStreams,
    Hello,
)
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.device.register_device import RegisterDevice
from playback_svc.usecases.device.report_applied import ReportApplied
from playback_svc.usecases.device_reports import READ_AT_ONCE
from playback_svc.usecases.device_views import Registration
from playback_svc.usecases.open_mailbox import OpenMailbox
from tests.contracts.playback.metrics import NoMetrics
from tests.contracts.playback.samples import NOW, new_id, playing

USER = new_id()
HOLDER = Principal(USER, "sid", "free", frozenset(), NOW / 1000 + 300, "token")


@dataclass
class CountedStates(MemoryPlayerStates):
    """Counts readings of mailboxes, and fails while ``away``."""

    reads: int = 0
    asked: list[int] = field(default_factory=list)
    away: bool = False
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def pending(
        self, user_id: str, device_id: str, after: int, now_ms: int, limit: int
    ) -> Pending:
        self.reads += 1
        self._answer()
        return await super().pending(user_id, device_id, after, now_ms, limit)

    async def last_numbers(self, devices: object) -> list[int | None]:
        self._answer()
        assert isinstance(devices, list)
        self.asked.append(len(devices))
        numbers = await super().last_numbers(devices)
        if self.meanwhile is not None:
            await self.meanwhile()
        return numbers

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The store cannot answer now.")


@dataclass
class Rig:
    """One instance on memory; the clock stands still unless it is moved."""

    now: int = NOW
    store: CountedStates = field(default_factory=CountedStates)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)

    def __post_init__(self) -> None:
        def clock() -> int:
            return self.now

        commander = Commander(
            self.store, MemoryPositions(), MemoryDeliveries(self.store), self.events, clock
        )
        self.streams = DeviceStreams(
            self.store, self.events, self.events, commander,
            register_device=RegisterDevice(commander, self.events),
            open_mailbox=OpenMailbox(self.store, self.events, clock),
            report_applied=ReportApplied(self.store, self.events, clock),
            streams=OpenStreams(None, spread_s=1, clock=lambda: self.now / 1000),
            metrics=NoMetrics(), clock=clock, urls_live_s=60,
        )  # fmt: skip
        self.events.listen(self.streams.handle_event, self.streams.handle_gap)

    async def open(self, device_id: str = "kitchen", holder: Principal = HOLDER) -> DeviceStream:
        stream = self.streams.hold(holder)
        await self.streams.open(stream, Hello(device_id, 0, Registration(device_id)))
        stream.behind = False
        return stream

    async def queue(self, *numbers: int, tell: bool = True, user_id: str = USER) -> None:
        """These commands are stored for the kitchen."""
        for number in numbers:
            command = Command("kitchen", number, CommandKind.VOLUME, None, self.now)
            assert await self.store.commit(Change(user_id, (command,)), self.now)
            if tell:
                self.events.send(CommandQueued(user_id, "kitchen", number))

    async def delivered(self, stream: DeviceStream) -> list[int]:
        """What its servicer would deliver until there is no more."""
        got = list[int]()
        while stream.behind or stream.waiting:
            if not stream.waiting:
                await self.streams.fetch(stream)
            got += [command.number for command in stream.taken()]
        return got


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_several_commands_are_one_reading(rig: Rig) -> None:
    stream = await rig.open()
    rig.store.reads = 0
    await rig.queue(1, 2, 3)
    assert await rig.delivered(stream) == [1, 2, 3]
    assert rig.store.reads == 1
    rig.streams.handle_event(CommandQueued(USER, "kitchen", 3))
    rig.streams.handle_event(CommandQueued(USER, "bedroom", 9))
    assert not stream.behind


async def test_a_full_mailbox_is_read_in_parts_and_in_order(rig: Rig) -> None:
    stream = await rig.open()
    count = 2 * READ_AT_ONCE + 1
    await rig.queue(*range(1, count + 1))
    assert await rig.delivered(stream) == list(range(1, count + 1))


async def test_a_mailbox_that_cannot_be_read_is_read_later(rig: Rig) -> None:
    stream = await rig.open()
    await rig.queue(1)
    rig.store.away = True
    assert await rig.delivered(stream) == []
    await rig.streams.compare()
    assert await rig.delivered(stream) == []
    rig.store.away = False
    await rig.streams.compare()
    assert await rig.delivered(stream) == [1]
    assert stream.end is None


async def test_lost_news_are_found_within_a_minute(rig: Rig) -> None:
    stream = await rig.open()
    running = asyncio.create_task(rig.streams.run())
    await rig.queue(1, tell=False)
    rig.now += COMPARED_EVERY_S * 1000
    async with asyncio.timeout(10):
        await stream.idle()
    assert await rig.delivered(stream) == [1]
    running.cancel()


async def test_streams_that_lost_nothing_are_not_compared_before_a_minute_is_over(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback_svc.streams.device_streams.TICK_S", 0.0)
    stream = await rig.open()
    running = asyncio.create_task(rig.streams.run())
    rig.now += COMPARED_EVERY_S * 1000 - 1
    for _ in range(20):
        await asyncio.sleep(0)
    assert rig.store.asked == []
    rig.now += 1
    await rig.queue(1, tell=False)
    await stream.idle()
    assert rig.store.asked == [1]
    running.cancel()


async def test_streams_are_compared_some_at_a_time(rig: Rig) -> None:
    users = [new_id() for _ in range(COMPARED_A_TICK + 10)]
    for user_id in users:
        await rig.open(holder=Principal(user_id, "sid", "free", frozenset(), NOW, "token"))
    await rig.queue(1, tell=False, user_id=users[-1])
    rig.events.gap()
    for _ in range(3):
        await rig.streams.compare()
    assert rig.store.asked == [COMPARED_A_TICK, 10]
    behind = [stream for stream in rig.streams.held if stream.behind]
    assert [stream.holder.user_id for stream in behind] == [users[-1]]


@pytest.mark.parametrize("anew", [False, True])
async def test_the_stream_of_a_removed_device_ends(rig: Rig, anew: bool) -> None:
    stream, bedroom = await rig.open(), await rig.open("bedroom")
    await rig.queue(1)
    assert await rig.delivered(stream) == [1]
    await rig.store.commit(Change(USER, (DropDevice("kitchen"),)), NOW)
    if anew:
        other = Rig(store=rig.store)
        await other.open()
    rig.streams.handle_event(SettingsChanged(USER))
    await rig.streams.compare()
    assert stream.end is not None
    assert stream.end.reason is Reason.DELETED
    assert bedroom.end is None


async def test_a_command_that_comes_while_streams_are_compared_ends_none(rig: Rig) -> None:
    stream = await rig.open()

    async def meanwhile() -> None:
        await rig.queue(1)
        assert await rig.delivered(stream) == [1]

    rig.store.meanwhile = meanwhile
    rig.events.gap()
    await rig.streams.compare()
    assert stream.end is None


async def test_of_two_streams_of_a_device_the_later_one_stays(rig: Rig) -> None:
    stream = await rig.open()
    rig.streams.handle_event(DeviceConnected(USER, "bedroom", 2**31))
    rig.streams.handle_event(DeviceConnected(USER, "kitchen", stream.number))
    rig.events.sent.clear()
    rig.streams.handle_event(DeviceConnected(USER, "kitchen", 0))
    assert stream.end is None
    # The older one may not have heard of it.
    assert rig.events.sent == [DeviceConnected(USER, "kitchen", stream.number)]
    rig.streams.handle_event(DeviceConnected(USER, "kitchen", 2**31))
    assert stream.end is not None
    assert stream.end.reason is Reason.TAKEN_OVER


async def test_a_stream_takes_over_from_other_instances() -> None:
    switchboard, store = MemorySwitchboard(), CountedStates()
    rigs = [Rig(store=store, events=MemoryEventBus(switchboard)) for _ in range(3)]
    streams = []
    for rig in rigs:
        streams.append(await rig.open())
        await asyncio.sleep(0.005)
    ends = [stream.end.reason if stream.end else None for stream in streams]
    assert ends == [Reason.TAKEN_OVER, Reason.TAKEN_OVER, None]


async def test_what_was_refused_leaves_nothing_behind(rig: Rig) -> None:
    for _ in range(40):
        stream = rig.streams.hold(HOLDER)
        with pytest.raises(InvalidArgument):
            await rig.streams.open(stream, Hello("kitchen", 5, Registration("kitchen")))
        rig.streams.close(stream)
        stream = await rig.open()
        rig.streams.close(stream)
    assert rig.streams.held.held == 0
    assert not any(rig.events._watched.values())
    assert not any(rig.events._attending.values())


async def test_only_what_plays_on_the_device_is_loaded(rig: Rig) -> None:
    state = playing()
    loading = {CommandKind.PLAY, CommandKind.TRANSFER, CommandKind.SKIP, CommandKind.PREVIOUS,
               CommandKind.ADVANCE, CommandKind.RESUME}  # fmt: skip
    for kind in CommandKind:
        answer = rig.streams.loaded(Command("kitchen", 1, kind, state, NOW))
        assert (answer is not None) is (kind in loading)
        if answer is not None:
            assert answer.played.urls_expire_at_s == NOW // 1000 + 60
            assert answer.played.asset == state.asset
    for target in (None, stop(state, NOW)):
        assert rig.streams.loaded(Command("kitchen", 1, CommandKind.PLAY, target, NOW)) is None
    assert rig.streams.loaded(Command("phone", 1, CommandKind.PLAY, state, NOW)) is None


async def test_what_was_told_and_worked_off_elsewhere_is_read_once(rig: Rig) -> None:
    stream = await rig.open()
    await rig.queue(1, tell=False)
    await rig.store.report(USER, "kitchen", [Applied(1, CommandStatus.DONE)], None, NOW)
    rig.store.reads = 0
    for _ in range(3):
        rig.streams.handle_gap()
        await rig.streams.compare()
        assert await rig.delivered(stream) == []
    assert rig.store.reads == 1


async def test_a_stream_whose_commands_grew_too_old_unread_ends_so_that_its_device_is_told(
    rig: Rig,
) -> None:
    stream = await rig.open()
    await rig.queue(1, tell=False)
    rig.now += LIFE_MS
    await rig.queue(2)
    await rig.delivered(stream)
    assert stream.end is not None
    assert (stream.end.reason, stream.end.reconnect_after_s) == (Reason.LAPSED, 0.0)
    hello = Hello("kitchen", 0)
    for lapse in (Lapse(1, 1), None):
        again = rig.streams.hold(HOLDER)
        welcome = await rig.streams.open(again, hello)
        assert welcome.lapse == lapse
        assert await rig.delivered(again) == [2]
        if lapse:
            await rig.streams.acknowledge_lapse(again, lapse)


async def test_what_hello_says_was_worked_off_is_told_to_who_waits(rig: Rig) -> None:
    rig.streams.close(await rig.open())
    await rig.queue(1, 2)
    rig.events.sent.clear()
    stream = rig.streams.hold(HOLDER)
    welcome = await rig.streams.open(stream, Hello("kitchen", 1))
    assert welcome.last_applied == 1
    assert [one for one in rig.events.sent if isinstance(one, CommandReported)] == [
        CommandReported(USER, "kitchen", 1)
    ]
    assert await rig.delivered(stream) == [2]


async def test_a_stream_without_a_number_yet_gives_way_to_nobody(rig: Rig) -> None:
    stream = rig.streams.hold(HOLDER)
    stream.device_id = "kitchen"
    rig.streams.handle_event(DeviceConnected(USER, "kitchen", 7))
    assert stream.end is None


async def test_a_loudness_that_changes_all_the_time_is_stored_once_a_second(rig: Rig) -> None:
    stream = await rig.open()

    async def stored_after(percent: int) -> int | None:
        stream.volume_percent = percent
        await rig.streams.report(stream, ())
        return rig.store.devices[USER]["kitchen"].volume_percent

    assert [await stored_after(percent) for percent in (10, 20, 30)] == [10, 10, 10]
    rig.now += VOLUME_EVERY_MS - 1
    rig.streams.wake_for_volume()
    assert not stream.volume_due
    rig.now += 1
    rig.streams.wake_for_volume()
    assert stream.volume_due
    await rig.streams.report_volume(stream)
    assert rig.store.devices[USER]["kitchen"].volume_percent == 30
    assert not stream.volume_due
    assert await stored_after(40) == 30
    rig.streams.close(stream)
    rig.now += VOLUME_EVERY_MS
    rig.streams.wake_for_volume()
    assert not stream.volume_due


async def test_a_device_that_talks_without_end_is_refused(rig: Rig) -> None:
    stream = await rig.open()
    stream.limit_rate(MESSAGES_AT_ONCE, rig.now)
    with pytest.raises(ResourceExhausted):
        stream.limit_rate(1, rig.now)
    for _ in range(1000):
        rig.now += 1000
        stream.limit_rate(MESSAGES_A_SECOND, rig.now)
    with pytest.raises(ResourceExhausted):
        stream.limit_rate(1, rig.now)
