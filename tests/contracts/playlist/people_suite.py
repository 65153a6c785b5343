"""The contract of the names that identity told.

Subclass and give it a fixture ``told`` that returns fresh ``LastKnownNames``.
"""

from __future__ import annotations

import asyncio

from playlist_svc.ports.people import LastKnownName, LastKnownNames, UserReplica


class ToldNamesContract:
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


class PeopleCopyContract:
    """Subclass it with fixtures ``told`` and ``copy`` over the same, empty names."""

    async def test_names_and_the_place_in_the_feed_are_stored_together(
        self, told: LastKnownNames, copy: UserReplica
    ) -> None:
        assert await copy.resume_token() == ""
        await copy.store({"a": "ada", "b": "bob"}, [], 10, "t1")
        await copy.store({"a": "ann"}, ["b"], 20, "t2")
        assert await told.find(["a", "b"]) == {"a": LastKnownName("ann", 20)}
        assert await copy.resume_token() == "t2"

    async def test_without_a_token_the_place_stays(
        self, told: LastKnownNames, copy: UserReplica
    ) -> None:
        await copy.store({}, [], 10, "t1")
        await copy.store({"a": "ada"}, [], 10, "")
        assert await copy.resume_token() == "t1"
        assert await told.find(["a"]) == {"a": LastKnownName("ada", 10)}

    async def test_what_was_told_later_stays(self, told: LastKnownNames, copy: UserReplica) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], 20)
        await copy.store({"a": "old"}, ["b"], 10, "t1")
        assert await told.find(["a", "b"]) == {
            "a": LastKnownName("ada", 20),
            "b": LastKnownName("bob", 20),
        }
