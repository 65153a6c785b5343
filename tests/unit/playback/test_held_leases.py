"""The table of what an instance holds, and the words in which events travel."""

from __future__ import annotations

from collections import Counter

import pytest

from playback_svc.adapters.codecs.events import decoded, encoded
from playback_svc.adapters.leases import WATCH, LeaseTable
from tests.contracts.playback.events_suite import about
from tests.contracts.playback.samples import new_id


def settled(table: LeaseTable) -> None:
    """Everything that is held was stored."""
    while chunk := table.take_fresh(500):
        table.stored(chunk)


async def test_every_lease_is_due_once_in_a_round_and_turns_are_alike() -> None:
    table = LeaseTable(20)
    users = {new_id() for _ in range(4_000)}
    for user in users:
        table.join(user, WATCH)
    settled(table)
    turns = []
    for _ in range(20):
        table.next_turn()
        turns.append([user for user, _ in table.take_due(10_000)])
    assert Counter(user for turn in turns for user in turn) == Counter(users)
    assert max(map(len, turns)) < 2 * len(users) / 20


async def test_what_has_just_changed_is_stored_and_not_renewed() -> None:
    table = LeaseTable(1)
    table.join("ada", WATCH)
    settled(table)
    table.join("ada", "phone")
    table.next_turn()
    assert table.take_due(500) == []
    assert table.take_fresh(500) == [("ada", (WATCH, "phone"))]


async def test_whoever_joins_waits_until_the_lease_is_stored() -> None:
    table = LeaseTable(1)
    first, second = table.join("ada", "phone"), table.join("ada", "phone")
    assert first is not None
    assert second is first
    settled(table)
    assert first.done()
    assert table.join("ada", "phone") is None


async def test_what_was_left_and_joined_again_is_not_given_up() -> None:
    table = LeaseTable(1)
    table.join("ada", "phone")
    settled(table)
    assert table.leave("ada", "phone")
    assert table.join("ada", "phone") is not None
    assert table.take_gone(500) == []
    assert table.take_fresh(500) == [("ada", ("phone",))]


async def test_what_was_left_is_given_up_once_and_not_renewed() -> None:
    table = LeaseTable(1)
    table.join("ada", "phone")
    settled(table)
    table.next_turn()
    table.leave("ada", "phone")
    assert table.take_due(500) == []
    assert table.take_gone(500) == [("ada", ("phone",))]
    assert table.take_gone(500) == []


async def test_all_that_is_held_is_stored_again() -> None:
    table = LeaseTable(1)
    table.join("ada", WATCH)
    table.join("bob", "phone")
    settled(table)
    table.store_all()
    assert sorted(table.take_fresh(500)) == [("ada", (WATCH,)), ("bob", ("phone",))]


def test_news_are_read_back_whole() -> None:
    for event in about(new_id()):
        assert decoded(encoded(event).encode()) == event


@pytest.mark.parametrize(
    "line",
    [b"", b"A", b"A ada more", b"M ada phone one", b"X ada", b"\xff", b"W ada 1 1 s d ? - 1"],
)
def test_malformed_news_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(line)
