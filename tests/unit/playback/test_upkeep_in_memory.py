"""Sweeping and forgetting over a store in memory."""

from __future__ import annotations

import pytest

from meshkit.leases import Lease, MemoryLeases
from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.mailbox import KEPT_MS
from playback_svc.domain.player_state import EndReason, Status
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.expiry import Expire, Sweeper
from playback_svc.usecases.retention import SESSIONS_KEPT_MS, Retention
from tests.contracts.playback.player_states_devices import queued_command
from tests.contracts.playback.samples import (
    MINUTE,
    NOW,
    beat,
    new_id,
    playing,
    record,
    request_key,
    stored,
)

FEW = 5


@pytest.fixture
def store() -> MemoryPlayerStates:
    return MemoryPlayerStates()


def retention(store: MemoryPlayerStates, leases: MemoryLeases | None = None) -> Retention:
    lease = Lease(leases or MemoryLeases(), "forget")
    return Retention(store, MemoryDeliveries(store), lease=lease, clock=lambda: NOW)


async def test_rows_that_live_positions_keep_alive_do_not_hold_up_the_sweep(
    store: MemoryPlayerStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback_svc.usecases.expiry.BATCH", FEW)
    positions = MemoryPositions()
    alive = {new_id(): playing(now=NOW - 99 * MINUTE) for _ in range(FEW + 1)}
    silent = new_id()
    store.states |= alive
    store.states[silent] = playing(now=NOW - 9 * MINUTE)
    await positions.put([beat(state, beat_at_ms=NOW) for state in alive.values()])
    commander = Commander(store, positions, MemoryDeliveries(store), MemoryEventBus(), lambda: NOW)
    sweeper = Sweeper(
        store, Expire(commander), lease=Lease(MemoryLeases(), "sweep"), clock=lambda: NOW
    )
    assert [await sweeper.sweep() for _ in range(2)] == [0, 1]
    assert store.states[silent].ended_by is EndReason.EXPIRED
    (fallen, _), positions.kept = alive.popitem(), {}
    await positions.put([beat(state, beat_at_ms=NOW) for state in alive.values()])
    assert sum([await sweeper.sweep() for _ in range(2)]) == 1
    assert store.states[fallen].ended_by is EndReason.EXPIRED
    assert all(store.states[user].ended_by is None for user in alive)


async def test_all_that_is_old_is_forgotten_and_nothing_else(
    store: MemoryPlayerStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback_svc.usecases.retention.BATCH", FEW)
    user = new_id()
    for number in range(3 * FEW):
        key = request_key(user, f"r{number}")
        store.answers[key.principal, key.method, key.request_id] = stored(key, playing(), NOW)
    old, fresh = (
        queued_command(number, issued_at_ms=NOW - KEPT_MS + number - 1) for number in (1, 2)
    )
    store.commands[user, "kitchen"] = {1: old, 2: fresh}
    ended = {"status": Status.STOPPED, "ended_by": EndReason.STOPPED}
    over = [
        record(playing(), ended_at_ms=NOW - SESSIONS_KEPT_MS + late, **ended) for late in (0, 1)
    ]
    store.sessions = {(user, one.session_id): one for one in (*over, record(playing()))}
    assert await retention(store).forget() == 3 * FEW + 2
    assert store.answers == {}
    assert store.commands[user, "kitchen"] == {2: fresh}
    assert len(store.sessions) == 2
    assert (user, over[0].session_id) not in store.sessions


async def test_many_answers_do_not_keep_commands_from_being_forgotten(
    store: MemoryPlayerStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback_svc.usecases.retention.BATCH", 1)
    monkeypatch.setattr("playback_svc.usecases.retention.BATCHES", FEW)
    user = new_id()
    for number in range(2 * FEW):
        key = request_key(user, f"r{number}")
        store.answers[key.principal, key.method, key.request_id] = stored(key, playing(), NOW)
    store.commands[user, "kitchen"] = {1: queued_command(1, issued_at_ms=0)}
    assert await retention(store).forget() == FEW + 1
    assert store.commands[user, "kitchen"] == {}


async def test_one_instance_forgets_at_a_time(store: MemoryPlayerStates) -> None:
    user = new_id()
    store.commands[user, "kitchen"] = {1: queued_command(1, issued_at_ms=0)}
    leases = MemoryLeases()
    assert await leases.claim("forget", "another", 60.0)
    assert await retention(store, leases).forget() == 0
    await leases.release("forget", "another")
    assert await retention(store, leases).forget() == 1
