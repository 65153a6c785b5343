"""Devices, orders to them, transfers and receipts over stores in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.adapters.memory.clients import (
    MemoryCatalogue,
    MemoryPlans,
    MemoryPositions,
)
from playback_svc.adapters.memory.events import MemoryEventBus, MemorySwitchboard
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.skips import MemorySkipWindows
from playback_svc.adapters.memory.user_snapshots import MemoryUserSnapshots
from playback_svc.assembly import UseCases, device_cases, playback_cases
from playback_svc.domain.devices import Capabilities, DeviceKind
from playback_svc.domain.mailbox import LIFE_MS, Applied, Command, CommandKind, CommandStatus
from playback_svc.domain.player_state import EndReason, Status
from playback_svc.domain.plays import Outcome
from playback_svc.ports.answers import Transferred
from playback_svc.ports.events import CommandQueued, CommandReported, SettingsChanged
from playback_svc.usecases.activity import ActivityReader
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.device.send_command import SentCommand
from playback_svc.usecases.device_orders import Order, PlainAction, PlayAction, VolumeAction
from playback_svc.usecases.device_views import Registration
from playback_svc.usecases.playback.play import PlayOrder
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.track_selection import TrackSelection
from tests.contracts.playback.samples import (
    FREE,
    NOW,
    PLAYABLE,
    TRACK,
    EverythingDelivered,
    new_id,
    request_key,
)
from tests.unit.playback.plays_rig import played_from

USER = new_id()
CALLER = Caller(USER, "free", "phone")
HOUR_S = 3_600
WAIT_S = 5.0
DAY_S = 86_400.0
"""Longer than any wait here lasts, unless the word is missed."""
DONE = CommandStatus.DONE


@dataclass
class Shared:
    """What the instances of a test share, with a clock that stands still unless moved."""

    now: int = NOW
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    switchboard: MemorySwitchboard = field(default_factory=MemorySwitchboard)


class Rig:
    """The use cases of one instance."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.store = shared, shared.store
        self.events = MemoryEventBus(shared.switchboard)
        self.commander = Commander(
            self.store, shared.positions, EverythingDelivered(self.store), self.events, self.clock
        )
        self.waits = CommandWaits(self.store, self.events, self.clock)
        catalogue, plans = MemoryCatalogue({TRACK.track_id: PLAYABLE}), MemoryPlans({"free": FREE})
        contexts, refill = played_from(self.commander, self.store, catalogue)
        self.playback = playback_cases(
            self.commander,
            self.store,
            contexts,
            refill,
            catalogue=catalogue,
            plans=plans,
            skips=MemorySkipWindows(self.clock),
            clock=self.clock,
            rng=Random(1),
            urls_live_s=HOUR_S,
        )
        selection = TrackSelection(catalogue, plans, new_id)
        reader = ActivityReader(MemoryUserSnapshots(self.store), shared.positions, self.clock)
        self.devices = device_cases(
            UseCases(self.commander, selection, self.playback, reader, refill),
            self.store,
            self.waits,
            self.events,
            self.events,
            clock=self.clock,
            urls_live_s=HOUR_S,
        )
        self.events.listen(self.waits.handle_event, self.waits.handle_gap)

    def clock(self) -> int:
        return self.shared.now

    async def begin(self, device_id: str = "kitchen") -> None:
        """The kitchen is registered and plays."""
        able = Capabilities(volume=True)
        await self.devices.register_device(USER, Registration(device_id, capabilities=able), None)
        await self.playback.play(USER, "free", PlayOrder(device_id, TRACK.track_id), None)

    async def pause(self, within_s: float = 0.0, key: RequestKey | None = None) -> SentCommand:
        order = Order("kitchen", PlainAction(CommandKind.PAUSE))
        return await self.devices.send_command(CALLER, order, key, within_s)

    async def done(self, *numbers: int) -> None:
        applied = [Applied(number, DONE) for number in numbers]
        await self.devices.report_applied(USER, "kitchen", applied)


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def rig(shared: Shared) -> Rig:
    return Rig(shared)


async def settled(turns: int = 30) -> None:
    """Everything that can go on has gone on."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_without_presence_nobody_is_online_and_everybody_is_listed(rig: Rig) -> None:
    await rig.begin()
    await rig.events.connect(USER, "kitchen")
    assert [listed.online for listed in await rig.devices.list_devices(USER)] == [True]
    rig.shared.switchboard.away = True
    (listed,) = await rig.devices.list_devices(USER)
    assert (listed.online, listed.active) == (False, True)


async def test_without_presence_nothing_is_begun_elsewhere(rig: Rig) -> None:
    await rig.begin()
    await rig.devices.register_device(USER, Registration("tv"), None)
    rig.shared.switchboard.away = True
    order = Order("tv", PlayAction(PlayOrder("tv", TRACK.track_id)))
    with pytest.raises(Unavailable):
        await rig.devices.send_command(CALLER, order, None)
    with pytest.raises(Unavailable):
        await rig.devices.transfer(CALLER, "tv", None, plays=None)
    assert rig.store.states[USER].device_id == "kitchen"


async def test_a_session_that_silence_has_ended_makes_no_device_active(rig: Rig) -> None:
    await rig.begin()
    rig.shared.now += TRACK.duration_ms + 3_600_000
    assert [listed.active for listed in await rig.devices.list_devices(USER)] == [False]


async def test_a_device_that_registers_keeps_its_numbers_and_its_loudness(rig: Rig) -> None:
    await rig.begin()
    await rig.devices.report_applied(USER, "kitchen", [Applied(1, DONE)], 30)
    rig.shared.now += 5
    spoken = Registration("kitchen", "Küche", DeviceKind.SPEAKER)
    device = (await rig.devices.register_device(USER, spoken, None)).device
    assert (device.name, device.kind, device.seen_at_ms) == ("Küche", DeviceKind.SPEAKER, NOW + 5)
    assert (device.last_number, device.last_applied, device.volume_percent) == (1, 1, 30)
    assert device.registered_at_ms == NOW
    assert device.capabilities.volume


async def test_registering_leaves_what_plays_as_it_was_read(rig: Rig) -> None:
    await rig.begin()
    before = rig.store.states[USER]
    rig.shared.now += TRACK.duration_ms + 3_600_000
    await rig.devices.register_device(USER, Registration("tv"), None)
    assert rig.store.states[USER] == before


async def test_removing_stops_the_session_in_the_same_write_and_tells_it(rig: Rig) -> None:
    await rig.begin()
    rig.events.sent.clear()
    await rig.devices.remove_device(USER, "kitchen", None)
    state = rig.store.states[USER]
    assert (state.status, state.ended_by) == (Status.STOPPED, EndReason.STOPPED)
    assert rig.store.sessions[USER, state.session_id].ended_by is EndReason.STOPPED
    assert rig.store.devices[USER] == {}
    assert (USER, "kitchen") not in rig.store.commands
    assert SettingsChanged(USER) in rig.events.sent
    assert not any(isinstance(event, CommandQueued) for event in rig.events.sent)


async def test_removing_where_silence_has_ended_the_session_stores_just_that(rig: Rig) -> None:
    await rig.begin()
    rig.shared.now += TRACK.duration_ms + 3_600_000
    await rig.devices.remove_device(USER, "kitchen", None)
    assert rig.store.states[USER].ended_by is EndReason.EXPIRED


async def test_an_order_is_in_the_mailbox_when_it_is_acknowledged(rig: Rig) -> None:
    await rig.begin()
    command = (await rig.pause()).command
    assert command == rig.store.commands[USER, "kitchen"][2]
    assert (command.kind, command.sender) == (CommandKind.PAUSE, "phone")
    assert CommandQueued(USER, "kitchen", 2) in rig.events.sent


async def test_the_volume_leaves_the_state_as_it_was_read(rig: Rig) -> None:
    await rig.begin()
    before = rig.store.states[USER]
    rig.shared.now += TRACK.duration_ms + 3_600_000
    order = Order("kitchen", VolumeAction(55))
    command = (await rig.devices.send_command(CALLER, order, None)).command
    assert (command.number, command.volume_percent, command.target) == (2, 55, None)
    assert rig.store.states[USER] == before
    # The device says how loud it is; what it was told is not that yet.
    assert rig.store.devices[USER]["kitchen"].volume_percent is None


async def test_volumes_under_one_id_are_one_command(rig: Rig) -> None:
    await rig.begin()
    order, key = Order("kitchen", VolumeAction(55)), request_key(USER)
    sent = await asyncio.gather(*(rig.devices.send_command(CALLER, order, key) for _ in range(4)))
    assert {directed.command.number for directed in sent} == {2}
    assert len(rig.store.commands[USER, "kitchen"]) == 2


async def test_a_word_from_another_instance_ends_a_wait(shared: Shared, rig: Rig) -> None:
    other = Rig(shared)
    await rig.begin()
    sending = asyncio.create_task(rig.pause(within_s=WAIT_S))
    await settled()
    assert not sending.done()
    await other.done(1)
    await settled()
    assert not sending.done(), "that was the word on another command"
    await other.done(2)
    assert (await sending).command.status is DONE
    assert rig.events._watched[USER] == 0


async def test_a_word_that_was_lost_is_found_after_the_gap(rig: Rig) -> None:
    await rig.begin()
    waiting = asyncio.create_task(rig.devices.get_command(USER, "kitchen", 1, WAIT_S))
    await settled()
    await rig.store.report(USER, "kitchen", [Applied(1, DONE)], None, NOW)
    await settled()
    assert not waiting.done()
    rig.events.gap()
    assert (await waiting).status is DONE


async def test_a_word_before_the_listening_is_found_in_the_store(rig: Rig) -> None:
    await rig.begin()

    async def watch(user_id: str) -> None:
        rig.events._watched[user_id] += 1
        await rig.store.report(USER, "kitchen", [Applied(1, DONE)], None, NOW)

    rig.events.watch = watch  # type: ignore[method-assign]
    assert (await rig.devices.get_command(USER, "kitchen", 1, WAIT_S)).status is DONE


async def test_a_wait_asks_the_store_no_more_than_it_is_told_to(rig: Rig) -> None:
    await rig.begin()
    reads: list[int] = []
    plain = rig.store.command

    async def command(user_id: str, device_id: str, number: int) -> Command | None:
        reads.append(number)
        return await plain(user_id, device_id, number)

    rig.store.command = command  # type: ignore[method-assign]
    waiting = asyncio.create_task(rig.devices.get_command(USER, "kitchen", 1, WAIT_S))
    await settled()
    rig.events.send(CommandReported(USER, "kitchen", 2))
    rig.events.send(CommandReported(USER, "tv", 1))
    rig.events.send(CommandQueued(USER, "kitchen", 1))
    await settled(200)
    assert reads == [1, 1]
    await rig.done(1)
    await waiting
    assert reads == [1, 1, 1]


async def test_a_drained_instance_answers_what_it_knows(rig: Rig) -> None:
    await rig.begin()
    waiting = asyncio.create_task(rig.devices.get_command(USER, "kitchen", 1, DAY_S))
    await settled()
    await rig.waits.drain()
    assert (await waiting).status is CommandStatus.PENDING
    late = await rig.devices.get_command(USER, "kitchen", 1, DAY_S)
    assert late.status is CommandStatus.PENDING


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(rig: Rig) -> None:
    await rig.begin()
    waiting = asyncio.create_task(rig.pause(within_s=WAIT_S))
    await settled()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (rig.waits._waits, rig.waits._reserved) == ({}, {})
    assert rig.events._watched[USER] == 0


async def test_a_command_nobody_came_for_is_expired_and_not_waited_for(rig: Rig) -> None:
    await rig.begin()
    rig.shared.now += LIFE_MS
    command = await rig.devices.get_command(USER, "kitchen", 1, WAIT_S)
    assert command.status_at(rig.shared.now) is CommandStatus.EXPIRED


async def test_every_number_of_a_report_is_told_once(rig: Rig) -> None:
    await rig.begin()
    await rig.pause()
    rig.events.sent.clear()
    said = [Applied(2, DONE), Applied(1, DONE), Applied(2, CommandStatus.FAILED)]
    device = await rig.devices.report_applied(USER, "kitchen", said)
    assert device.last_applied == 2
    assert rig.events.sent == [
        CommandReported(USER, "kitchen", 1),
        CommandReported(USER, "kitchen", 2),
    ]
    assert rig.store.commands[USER, "kitchen"][2].status is DONE


async def test_a_report_that_is_refused_is_told_to_nobody(rig: Rig) -> None:
    await rig.begin()
    rig.events.sent.clear()
    with pytest.raises(InvalidArgument):
        await rig.done(1, 99)
    with pytest.raises(NotFound):
        await rig.devices.report_applied(USER, "tv", [Applied(1, DONE)])
    assert rig.events.sent == []
    assert rig.store.commands[USER, "kitchen"][1].status is CommandStatus.PENDING


async def test_a_transfer_moves_the_play_and_ends_the_session(rig: Rig) -> None:
    await rig.begin()
    before = rig.store.states[USER]
    rig.shared.now += 20_000
    await rig.devices.register_device(USER, Registration("phone"), None)
    moved = await rig.devices.transfer(CALLER, "phone", None, plays=None)
    after = rig.store.states[USER]
    assert (after.device_id, after.position_ms, after.heard_ms) == ("phone", 20_000, 20_000)
    assert (after.play_id, after.play_started_at_ms) == (before.play_id, NOW)
    assert after.queue == before.queue
    assert moved.result_as(Transferred).playing == after
    assert moved.played.urls_expire_at_s == rig.shared.now // 1000 + HOUR_S
    assert rig.store.sessions[USER, before.session_id].ended_by is EndReason.TAKEN_OVER
    assert rig.store.plays == {}
    assert moved.number == 1


async def test_a_transfer_from_silence_ends_the_session_as_expired(rig: Rig) -> None:
    await rig.begin()
    before = rig.store.states[USER]
    rig.shared.now += TRACK.duration_ms + 3_600_000
    await rig.devices.register_device(USER, Registration("phone"), None)
    await rig.devices.transfer(CALLER, "phone", None, plays=None)
    after = rig.store.states[USER]
    assert rig.store.sessions[USER, before.session_id].ended_by is EndReason.EXPIRED
    # The kitchen is registered and never beat: nobody heard anything of it.
    assert (after.status, after.position_ms) == (Status.PAUSED, 0)
    assert after.play_id != before.play_id
    (play,) = rig.store.plays[USER].values()
    assert (play.outcome, play.heard_ms, play.counted) == (Outcome.EXPIRED, 0, False)


async def test_transfers_to_one_device_at_once_move_once(rig: Rig) -> None:
    await rig.begin()
    await rig.devices.register_device(USER, Registration("phone"), None)
    moved = await asyncio.gather(
        *(rig.devices.transfer(CALLER, "phone", None, plays=None) for _ in range(3))
    )
    assert {each.result_as(Transferred).playing.session_id for each in moved} == {
        rig.store.states[USER].session_id
    }
    assert rig.store.states[USER].version.epoch == 2


async def test_a_device_is_offline_until_it_attends(rig: Rig) -> None:
    await rig.begin()
    await rig.devices.register_device(USER, Registration("tv"), None)
    with pytest.raises(FailedPrecondition, match="not connected"):
        await rig.devices.transfer(CALLER, "tv", None, plays=None)
    await rig.events.connect(USER, "tv")
    moved = await rig.devices.transfer(CALLER, "tv", None, plays=None)
    assert moved.result_as(Transferred).playing.device_id == "tv"
    rig.events.disconnect(USER, "tv")
    # It plays: what it is told now needs no moving.
    held = await rig.devices.transfer(replace(CALLER, sender=""), "tv", None, plays=False)
    assert held.result_as(Transferred).playing.status is Status.PAUSED
