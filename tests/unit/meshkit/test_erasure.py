"""Who was erased is forgotten before the place in the feed moves on, and once more later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from meshkit.consuming import Consumer, Step
from meshkit.erasure import (
    AGAIN_AFTER_S,
    ErasingReplica,
    MemoryPendingErasures,
    UserChange,
    UserErasure,
)
from meshkit.faults import OutOfRange, Unavailable
from meshkit.leases import Lease, MemoryLeases
from meshkit.replicas import MemoryReplica
from meshkit.testing.erasure_suite import PendingErasuresContract
from meshkit.testing.replica_suite import PlaceContract
from meshkit.testing.scripted_watch import ScriptedWatch

Told = Step[UserChange] | Exception


class Names(MemoryReplica[UserChange]):
    """Names by user, which writes into a journal when the place moves on."""

    def __init__(self, journal: list[str]) -> None:
        super().__init__()
        self.kept: dict[str, str | None] = {}
        self._journal = journal

    async def apply(self, changes: Sequence[UserChange], resume_token: str) -> None:
        await super().apply(changes, resume_token)
        self._journal.append(f"at {resume_token}")

    def _store(self, changes: Sequence[UserChange], generation: int) -> None:
        self.kept.update((change.user_id, change.username) for change in changes)


class Holder:
    """Holds something of users; fails as often as it is told to, having begun."""

    def __init__(self, name: str, journal: list[str], failures: int = 0) -> None:
        self._name = name
        self._journal = journal
        self._failures = failures

    async def erase(self, user_id: str) -> None:
        self._journal.append(f"{self._name} {user_id}")
        if self._failures:
            self._failures -= 1
            raise Unavailable("gone")


class World:
    """A replica of users with two holders; ``now_s`` is the time."""

    def __init__(self, failures: int = 0, lease: Lease | None = None) -> None:
        self.now_s = 0.0
        self.journal: list[str] = []
        self.names = Names(self.journal)
        holders = [Holder("one", self.journal), Holder("two", self.journal, failures)]
        pending = MemoryPendingErasures(lambda: self.now_s)
        self.erasure = UserErasure(holders, pending, lease=lease)
        self.replica = ErasingReplica(self.names, self.erasure)

    async def consume(self, *watches: Sequence[Told]) -> list[str]:
        """Consumes the watches; the tokens that were asked with."""
        script = ScriptedWatch(*watches)
        consumer = Consumer("identity", script, self.replica, gather_s=0.001, pause_s=lambda _: 0.0)
        running = asyncio.create_task(consumer.run())
        await script.exhausted.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return script.asked


def erased(user_id: str) -> UserChange:
    return UserChange(user_id, None)


class TestMemoryPendingErasures(PendingErasuresContract):
    @pytest.fixture
    def pending(self) -> MemoryPendingErasures:
        return MemoryPendingErasures()


class TestErasingReplica(PlaceContract):
    @pytest.fixture
    def place(self) -> ErasingReplica:
        return World().replica


async def test_who_was_erased_is_forgotten_everywhere_before_the_place_moves_on() -> None:
    world = World()
    await world.consume([Step("t1", UserChange("b", "bob")), Step("t2", erased("a"))])
    assert world.journal == ["one a", "two a", "at t2"]
    assert world.names.kept == {"b": "bob", "a": None}


async def test_an_erasure_that_failed_is_made_again_from_the_same_place() -> None:
    world = World(failures=2)
    asked = await world.consume(
        [Step("t1")], *[[Step("t2", erased("a")), Step("t3", UserChange("b", "bob"))]] * 3
    )
    assert asked == ["", "t1", "t1", "t1", "t3"]
    assert world.journal == ["at t1", *["one a", "two a"] * 3, "at t3"]


async def test_who_changed_and_was_erased_in_one_batch_is_erased() -> None:
    world = World()
    await world.replica.apply([UserChange("a", "ada"), erased("a")], "t1")
    assert world.journal == ["one a", "two a", "at t1"]


async def test_who_was_erased_is_told_again_by_a_listing_and_erased_again() -> None:
    world = World()
    asked = await world.consume(
        [Step("t1", erased("a"))], [OutOfRange("too old")], [Step("", erased("a")), Step("t9")]
    )
    assert asked == ["", "t1", "", "t9"]
    assert world.journal == ["one a", "two a", "at t1", "one a", "two a", "at ", "at t9"]


async def test_who_was_erased_is_erased_once_more_when_the_last_token_has_expired() -> None:
    world = World()
    await world.erasure.erase(["a"])
    world.journal.clear()
    world.now_s = AGAIN_AFTER_S - 0.001
    await world.erasure.again()
    assert world.journal == []
    world.now_s = AGAIN_AFTER_S
    await world.erasure.again()
    await world.erasure.again()
    assert world.journal == ["one a", "two a"]


async def test_who_could_not_be_erased_once_more_stays_due() -> None:
    world = World(failures=2)
    with pytest.raises(Unavailable):
        await world.erasure.erase(["a"])
    world.now_s = AGAIN_AFTER_S
    with pytest.raises(Unavailable):
        await world.erasure.again()
    await world.erasure.again()
    assert world.journal == ["one a", "two a"] * 3


async def test_one_of_several_instances_erases_once_more() -> None:
    leases = MemoryLeases()
    assert await leases.claim("again", "another", ttl_s=3600.0)
    world = World(lease=Lease(leases, "again"))
    await world.erasure.erase(["a"])
    world.journal.clear()
    world.now_s = AGAIN_AFTER_S
    await world.erasure.again()
    assert world.journal == []
    await leases.release("again", "another")
    await world.erasure.again()
    assert world.journal == ["one a", "two a"]
