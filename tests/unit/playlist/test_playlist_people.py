"""Names of users: how old they may be, and what is left of them while identity is away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from meshkit import telemetry
from meshkit.faults import DeadlineExceeded, NotFound, Unavailable
from playlist_svc.adapters.cached_people import AWAY_MS, LIFE_MS, CachedPeople
from playlist_svc.adapters.memory.people import MemoryLastKnownNames, MemoryUserReplica
from playlist_svc.ports.people import LastKnownName
from tests.contracts.playlist.people_suite import NOW, LastKnownNamesContract, UserReplicaContract


@pytest.fixture
def told() -> MemoryLastKnownNames:
    return MemoryLastKnownNames()


class TestMemoryLastKnownNames(LastKnownNamesContract): ...


class TestMemoryUserReplica(UserReplicaContract):
    @pytest.fixture
    def place(self, told: MemoryLastKnownNames) -> MemoryUserReplica:
        return MemoryUserReplica(told, lambda: NOW)


@dataclass
class ScriptedIdentity:
    """An identity that knows ``users``; ``fault`` is how it fails."""

    users: dict[str, str] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    fault: Exception | None = None

    async def names(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(user_ids))
        if self.fault is not None:
            raise self.fault
        return {id_: self.users[id_] for id_ in user_ids if id_ in self.users}


class BrokenTable(MemoryLastKnownNames):
    """A table whose store is away."""

    async def find(self, user_ids: Collection[str]) -> Mapping[str, LastKnownName]:
        raise Unavailable("gone")

    async def keep(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        raise Unavailable("gone")


class Mesh:
    """Identity, a table and a clock; each instance of the service is made with ``people``."""

    def __init__(self) -> None:
        self.identity = ScriptedIdentity({"a": "ada", "b": "bob"})
        self.told = MemoryLastKnownNames()
        self.now_ms = NOW

    def people(self) -> CachedPeople:
        return CachedPeople(self.identity, self.told, lambda: self.now_ms)


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


async def test_names_are_asked_for_once_in_ten_minutes(mesh: Mesh) -> None:
    people = mesh.people()
    assert await people.names(["a", "b", "nobody"]) == {"a": "ada", "b": "bob"}
    mesh.identity.users["a"] = "ada-lovelace"
    mesh.now_ms += LIFE_MS - 1
    assert await people.names(["a", "nobody"]) == {"a": "ada"}
    assert mesh.identity.asked == [["a", "b", "nobody"]]
    mesh.now_ms += 1
    assert await people.names(["a"]) == {"a": "ada-lovelace"}


async def test_another_instance_knows_what_was_told_and_grows_it_no_older(mesh: Mesh) -> None:
    await mesh.people().names(["a"])
    other = mesh.people()
    mesh.now_ms += LIFE_MS - 1
    mesh.identity.users["a"] = "ada-lovelace"
    assert await other.names(["a"]) == {"a": "ada"}
    assert len(mesh.identity.asked) == 1
    mesh.now_ms += 1
    assert await other.names(["a"]) == {"a": "ada-lovelace"}


@pytest.mark.parametrize("fault", [Unavailable("gone"), DeadlineExceeded("late")])
async def test_while_identity_is_away_old_names_are_shown(mesh: Mesh, fault: Exception) -> None:
    people = mesh.people()
    await people.names(["a"])
    mesh.now_ms += 10 * LIFE_MS
    mesh.identity.fault = fault
    counted = telemetry.degraded.labels(part="names", mode="stale")._value.get()
    assert await people.names(["a", "b"]) == {"a": "ada"}
    assert await mesh.people().names(["a", "b"]) == {"a": "ada"}
    assert telemetry.degraded.labels(part="names", mode="stale")._value.get() == counted + 2


async def test_lists_do_not_ask_again_for_a_moment_after_identity_went_away(mesh: Mesh) -> None:
    people = mesh.people()
    mesh.identity.fault = Unavailable("gone")
    assert await people.names(["a"]) == {}
    mesh.identity.fault = None
    mesh.now_ms += AWAY_MS - 1
    assert await people.names(["a"]) == {}
    mesh.now_ms += 1
    assert await people.names(["a"]) == {"a": "ada"}


async def test_an_erased_user_is_forgotten_everywhere(mesh: Mesh) -> None:
    people = mesh.people()
    await people.names(["a", "b"])
    del mesh.identity.users["a"]
    mesh.now_ms += LIFE_MS
    assert await people.names(["a", "b"]) == {"b": "bob"}
    mesh.identity.fault = Unavailable("gone")
    assert await mesh.people().names(["a", "b"]) == {"b": "bob"}


async def test_the_name_of_who_was_erased_is_not_shown_from_then_on(mesh: Mesh) -> None:
    people = mesh.people()
    assert await people.names(["a", "b"]) == {"a": "ada", "b": "bob"}
    people.forget("a")
    # The table has it yet, and so has an identity that is behind.
    assert await people.names(["a", "b"]) == {"b": "bob"}
    del mesh.identity.users["a"]
    mesh.now_ms += 1
    with pytest.raises(NotFound):
        await people.require(["a"])


async def test_a_name_that_was_asked_for_before_its_user_was_erased_is_not_held(
    mesh: Mesh,
) -> None:
    people, ask = mesh.people(), mesh.identity.names

    async def ask_and_erase(user_ids: Sequence[str]) -> Mapping[str, str]:
        told = await ask(user_ids)
        people.forget("a")
        return told

    mesh.identity.names = ask_and_erase  # type: ignore[method-assign]
    await people.names(["a"])
    assert await people.names(["a"]) == {}


async def test_all_that_exist_are_named(mesh: Mesh) -> None:
    assert await mesh.people().require(["b", "a", "b"]) == {"a": "ada", "b": "bob"}


async def test_the_first_user_that_there_is_not_is_named(mesh: Mesh) -> None:
    with pytest.raises(NotFound) as raised:
        await mesh.people().require(["a", "x", "y"])
    assert raised.value.metadata == {"resource": "user", "id": "x"}


async def test_a_user_made_after_the_first_question_exists(mesh: Mesh) -> None:
    people = mesh.people()
    assert await people.names(["new"]) == {}
    mesh.identity.users["new"] = "newcomer"
    assert await people.require(["new"]) == {"new": "newcomer"}
    assert await people.names(["new"]) == {"new": "newcomer"}


async def test_who_was_told_before_exists_while_identity_is_away(mesh: Mesh) -> None:
    await mesh.people().names(["a"])
    mesh.now_ms += 10 * LIFE_MS
    mesh.identity.fault = Unavailable("gone")
    assert await mesh.people().require(["a"]) == {"a": "ada"}


async def test_whether_a_stranger_exists_cannot_be_known_while_identity_is_away(
    mesh: Mesh,
) -> None:
    people = mesh.people()
    await people.names(["a"])
    mesh.identity.fault = Unavailable("gone")
    with pytest.raises(Unavailable):
        await people.require(["a", "b"])
    mesh.identity.fault = None
    assert await people.require(["a", "b"]) == {"a": "ada", "b": "bob"}


async def test_names_need_no_table(mesh: Mesh) -> None:
    people = CachedPeople(mesh.identity, BrokenTable(), lambda: mesh.now_ms)
    assert await people.names(["a"]) == {"a": "ada"}
    assert await people.require(["b"]) == {"b": "bob"}
    mesh.identity.fault = Unavailable("gone")
    assert await people.names(["a", "c"]) == {"a": "ada"}
    with pytest.raises(Unavailable):
        await people.require(["c"])


async def test_a_fault_that_is_not_an_outage_is_not_hidden(mesh: Mesh) -> None:
    mesh.identity.fault = RuntimeError("a mistake")
    with pytest.raises(RuntimeError):
        await mesh.people().names(["a"])


async def test_the_names_in_memory_are_bounded(mesh: Mesh) -> None:
    people = CachedPeople(mesh.identity, BrokenTable(), lambda: mesh.now_ms, held=2)
    await people.names(["a"])
    await people.names(["b"])
    await people.names(["a"])
    await people.names(["c"])
    await people.names(["a", "b"])
    assert mesh.identity.asked == [["a"], ["b"], ["c"], ["b"]]
