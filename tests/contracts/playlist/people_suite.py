"""The contract of the names that identity told.

Subclass and give it a fixture ``told`` that returns fresh ``LastKnownNames``.
"""

from __future__ import annotations

import asyncio

from meshkit.consuming import Replica
from meshkit.erasure import UserChange
from meshkit.testing.replica_suite import PlaceContract
from playlist_svc.ports.people import LastKnownName, LastKnownNames

NOW = 1_790_000_000_000


class LastKnownNamesContract:
    """Names and when they were told."""

    async def test_names_are_kept_with_their_time(self, told: LastKnownNames) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], 1_700_000_000_001)
        assert await told.find(["a", "c"]) == {"a": LastKnownName("ada", 1_700_000_000_001)}

    async def test_a_newer_name_replaces_an_older_one_and_never_the_other_way(
        self, told: LastKnownNames
    ) -> None:
        await told.keep({"a": "old"}, [], 10)
        await told.keep({"a": "new"}, [], 20)
        await told.keep({"a": "older"}, [], 15)
        assert await told.find(["a"]) == {"a": LastKnownName("new", 20)}

    async def test_who_is_gone_is_forgotten_unless_told_later(self, told: LastKnownNames) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], 10)
        await told.keep({"c": "cy"}, ["a"], 10)
        await told.keep({}, ["b"], 9)
        assert await told.find(["a", "b", "c"]) == {
            "b": LastKnownName("bob", 10),
            "c": LastKnownName("cy", 10),
        }

    async def test_many_writers_at_once_end_at_the_newest(self, told: LastKnownNames) -> None:
        ids = [f"{number}" for number in range(50)]

        async def write(at_ms: int) -> None:
            order = ids if at_ms % 2 else ids[::-1]
            await told.keep(dict.fromkeys(order, f"name {at_ms}"), [], at_ms)

        await asyncio.gather(*map(write, range(20)))
        assert await told.find(ids) == {id_: LastKnownName("name 19", 19) for id_ in ids}


class UserReplicaContract(PlaceContract):
    """Subclass it with fixtures ``told`` and ``place`` over the same, empty names.

    The replica's clock stands at ``NOW``.
    """

    async def test_names_are_those_that_the_feed_told_last(
        self, told: LastKnownNames, place: Replica[UserChange]
    ) -> None:
        changes = [UserChange("a", "ada"), UserChange("b", "bob"), UserChange("a", "ann")]
        await place.apply(changes, "t1")
        assert await told.find(["a", "b"]) == {
            "a": LastKnownName("ann", NOW),
            "b": LastKnownName("bob", NOW),
        }

    async def test_who_was_erased_has_no_name(
        self, told: LastKnownNames, place: Replica[UserChange]
    ) -> None:
        await place.apply([UserChange("a", "ada"), UserChange("b", "bob")], "t1")
        await place.apply([UserChange("a", None)], "t2")
        await place.apply([UserChange("b", "ben"), UserChange("b", None)], "t3")
        assert await told.find(["a", "b"]) == {}

    async def test_a_listing_drops_no_names(
        self, told: LastKnownNames, place: Replica[UserChange]
    ) -> None:
        await place.apply([UserChange("a", "ada")], "t1")
        await place.begin_listing()
        await place.end_listing()
        assert await told.find(["a"]) == {"a": LastKnownName("ada", NOW)}

    async def test_what_was_told_later_stays(
        self, told: LastKnownNames, place: Replica[UserChange]
    ) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], NOW + 1)
        await place.apply([UserChange("a", "old"), UserChange("b", None)], "t1")
        assert await told.find(["a", "b"]) == {
            "a": LastKnownName("ada", NOW + 1),
            "b": LastKnownName("bob", NOW + 1),
        }
