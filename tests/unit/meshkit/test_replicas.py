"""Replicas in memory, and what settles which of two words on a thing stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from meshkit.consuming import Replica
from meshkit.replicas import MemoryReplica, ToldAt, newest_changes
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest


@dataclass(frozen=True)
class Title:
    """The title of a thing at a version; None where it is gone."""

    id: str
    version: int
    text: str | None


class Titles(MemoryReplica[Title]):
    """Titles by id."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, tuple[ToldAt, str | None]] = {}

    async def held(self) -> Mapping[str, str]:
        return {id_: text for id_, (_, text) in self.rows.items() if text is not None}

    def _store(self, changes: Sequence[Title], generation: int) -> None:
        for change in changes:
            at = ToldAt(generation, change.version)
            if change.id not in self.rows or self.rows[change.id][0] < at:
                self.rows[change.id] = (at, change.text)

    def _drop_untold(self, generation: int) -> None:
        self.rows = {id_: row for id_, row in self.rows.items() if row[0].generation >= generation}


class TestMemoryReplica(ReplicaContract):
    @pytest.fixture
    def replica(self) -> ReplicaUnderTest:
        titles = Titles()
        return ReplicaUnderTest(
            titles, Title, lambda id_, version: Title(id_, version, None), titles.held
        )

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[Title]:
        return replica.replica


class TestMemoryReplicaOfNothing(PlaceContract):
    @pytest.fixture
    def place(self) -> Replica[Title]:
        return MemoryReplica()


def test_a_later_listing_goes_before_any_version() -> None:
    assert ToldAt(1, 9) < ToldAt(2, 1)
    assert ToldAt(1, 1) < ToldAt(1, 2)
    assert not ToldAt(1, 2) < ToldAt(1, 2)
    assert not ToldAt(2, 1) < ToldAt(1, 9)


def test_of_each_thing_the_newest_change_stands() -> None:
    changes = [Title("B", 1, None), Title("A", 5, "A"), Title("A", 4, "Old")]
    assert newest_changes(changes) == [changes[1], changes[0]]
