# ruff: noqa: D102 - the name of a test is its sentence
"""The contract of ``meshkit.consuming.Replica``.

Subclass ``PlaceContract`` with a fixture ``place`` for replicas whose feed lists nothing, and
``ReplicaContract`` with a fixture ``replica`` for the others; both start empty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from meshkit.consuming import BATCH_LIMIT, Replica
from meshkit.replicas_postgres import DROPPED_AT_ONCE
from meshkit.ulids import new_id


class PlaceContract:
    """The place in the feed, which every ``Replica`` must keep."""

    async def test_a_new_replica_has_no_place(self, place: Replica[Any]) -> None:
        assert await place.resume_token() == ""

    async def test_the_place_moves_to_each_token_and_stays_without_one(
        self, place: Replica[Any]
    ) -> None:
        await place.apply([], "first")
        assert await place.resume_token() == "first"
        await place.apply([], "second")
        await place.apply([], "")
        assert await place.resume_token() == "second"

    async def test_a_listing_keeps_the_place_until_a_token_comes(self, place: Replica[Any]) -> None:
        await place.apply([], "before")
        await place.begin_listing()
        await place.apply([], "")
        await place.end_listing()
        assert await place.resume_token() == "before"
        await place.apply([], "after")
        assert await place.resume_token() == "after"

    async def test_a_listing_that_was_interrupted_begins_again(self, place: Replica[Any]) -> None:
        await place.begin_listing()
        await place.begin_listing()
        await place.end_listing()
        await place.apply([], "after")
        assert await place.resume_token() == "after"


@dataclass(frozen=True, slots=True)
class ReplicaUnderTest:
    """An empty replica and its feed's words.

    ``told`` makes the change by which a thing (a ULID) has a text at a version, ``removed`` that
    by which it is gone; ``held`` says what there is, the texts by id.
    """

    replica: Replica[Any]
    told: Callable[[str, int, str], Any]
    removed: Callable[[str, int], Any]
    held: Callable[[], Awaitable[Mapping[str, str]]]

    async def tell(self, *changes: Any) -> None:
        """The feed tells changes."""
        await self.replica.apply(changes, "somewhere")

    async def list(self, *changes: Any) -> None:
        """The feed tells everything that there is."""
        await self.replica.begin_listing()
        await self.replica.apply(changes, "")
        await self.replica.end_listing()


class ReplicaContract(PlaceContract):
    """What is held of what a feed tells, in whatever order it does."""

    async def test_what_is_told_is_held_with_the_place(self, replica: ReplicaUnderTest) -> None:
        one, other = new_id(), new_id()
        await replica.replica.apply(
            [replica.told(one, 1, "One"), replica.told(other, 1, "Other")], "t"
        )
        assert await replica.held() == {one: "One", other: "Other"}
        assert await replica.replica.resume_token() == "t"

    async def test_what_is_told_again_changes_nothing(self, replica: ReplicaUnderTest) -> None:
        one = new_id()
        for _ in range(2):
            await replica.tell(replica.told(one, 1, "One"))
        assert await replica.held() == {one: "One"}

    async def test_an_older_or_equal_version_changes_nothing(
        self, replica: ReplicaUnderTest
    ) -> None:
        one = new_id()
        await replica.tell(replica.told(one, 2, "New"))
        await replica.tell(replica.told(one, 1, "Old"))
        await replica.tell(replica.told(one, 2, "Same version"))
        await replica.tell(replica.removed(one, 1))
        assert await replica.held() == {one: "New"}
        await replica.tell(replica.told(one, 3, "Newer"))
        assert await replica.held() == {one: "Newer"}

    async def test_a_removal_is_not_undone_by_what_came_before_it(
        self, replica: ReplicaUnderTest
    ) -> None:
        one = new_id()
        await replica.tell(replica.told(one, 1, "One"))
        await replica.tell(replica.removed(one, 3))
        await replica.tell(replica.told(one, 2, "Late"))
        assert await replica.held() == {}
        await replica.tell(replica.told(one, 4, "Again"))
        assert await replica.held() == {one: "Again"}

    async def test_what_was_removed_before_it_was_told_stays_so(
        self, replica: ReplicaUnderTest
    ) -> None:
        one = new_id()
        await replica.tell(replica.removed(one, 2))
        await replica.tell(replica.told(one, 1, "Late"))
        assert await replica.held() == {}

    async def test_of_several_changes_in_a_batch_the_newest_stands(
        self, replica: ReplicaUnderTest
    ) -> None:
        one, other = new_id(), new_id()
        words = [(2, "Second"), (3, "Third"), (1, "First")]
        changes = [replica.told(one, version, text) for version, text in words]
        await replica.tell(*changes, replica.told(other, 2, "Other"), replica.removed(other, 1))
        assert await replica.held() == {one: "Third", other: "Other"}

    async def test_what_a_listing_does_not_tell_goes_when_it_ends(
        self, replica: ReplicaUnderTest
    ) -> None:
        kept, gone = new_id(), new_id()
        await replica.list(replica.told(kept, 4, "Kept"), replica.told(gone, 9, "Gone"))
        await replica.replica.begin_listing()
        await replica.replica.apply([replica.told(kept, 4, "Kept")], "")
        assert await replica.held() == {kept: "Kept", gone: "Gone"}
        await replica.replica.end_listing()
        assert await replica.held() == {kept: "Kept"}

    async def test_a_listing_is_believed_whatever_its_versions(
        self, replica: ReplicaUnderTest
    ) -> None:
        one = new_id()
        await replica.tell(replica.told(one, 9, "Before the restore"))
        await replica.list(replica.told(one, 5, "After it"))
        assert await replica.held() == {one: "After it"}
        await replica.tell(replica.told(one, 4, "Older still"))
        assert await replica.held() == {one: "After it"}
        await replica.tell(replica.told(one, 6, "Newer"))
        assert await replica.held() == {one: "Newer"}

    async def test_what_is_told_twice_in_a_listing_stands_at_its_newest(
        self, replica: ReplicaUnderTest
    ) -> None:
        one = new_id()
        await replica.replica.begin_listing()
        await replica.replica.apply([replica.told(one, 3, "Third")], "")
        await replica.replica.apply([replica.told(one, 2, "Second")], "")
        await replica.replica.end_listing()
        assert await replica.held() == {one: "Third"}

    async def test_a_listing_begun_again_has_to_tell_all(self, replica: ReplicaUnderTest) -> None:
        one, other = new_id(), new_id()
        await replica.list(replica.told(one, 1, "One"), replica.told(other, 1, "Other"))
        await replica.replica.begin_listing()
        await replica.replica.apply([replica.told(one, 1, "One")], "")
        await replica.list(replica.told(other, 1, "Other"))
        assert await replica.held() == {other: "Other"}

    async def test_what_a_listing_dropped_comes_back_when_it_is_told(
        self, replica: ReplicaUnderTest
    ) -> None:
        one, other = new_id(), new_id()
        await replica.list(replica.told(one, 7, "One"), replica.told(other, 7, "Other"))
        await replica.list()
        assert await replica.held() == {}
        await replica.tell(replica.told(one, 1, "Of a restored source"))
        await replica.list(
            replica.told(one, 1, "Of a restored source"), replica.told(other, 1, "Too")
        )
        assert await replica.held() == {one: "Of a restored source", other: "Too"}

    async def test_more_is_dropped_than_one_transaction_drops(
        self, replica: ReplicaUnderTest
    ) -> None:
        ids = [new_id() for _ in range(DROPPED_AT_ONCE + 1)]
        await replica.replica.begin_listing()
        for at in range(0, len(ids), BATCH_LIMIT):
            batch = [replica.told(id_, 1, "One of many") for id_ in ids[at : at + BATCH_LIMIT]]
            await replica.replica.apply(batch, "")
        await replica.list(replica.told(ids[0], 1, "One of many"))
        assert await replica.held() == {ids[0]: "One of many"}
