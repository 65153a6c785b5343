"""The contract of the names that identity told.

Subclass and give it a fixture ``told`` that returns fresh ``ToldNames``.
"""

from __future__ import annotations

import asyncio

from playlist_svc.ports.people import ToldName, ToldNames


class ToldNamesContract:
    """Names and when they were told."""

    async def test_names_are_kept_with_their_time(self, told: ToldNames) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], 1_700_000_000_001)
        assert await told.find(["a", "c"]) == {"a": ToldName("ada", 1_700_000_000_001)}

    async def test_a_newer_name_replaces_an_older_one_and_never_the_other_way(
        self, told: ToldNames
    ) -> None:
        await told.keep({"a": "old"}, [], 10)
        await told.keep({"a": "new"}, [], 20)
        await told.keep({"a": "older"}, [], 15)
        assert await told.find(["a"]) == {"a": ToldName("new", 20)}

    async def test_who_is_gone_is_forgotten_unless_told_later(self, told: ToldNames) -> None:
        await told.keep({"a": "ada", "b": "bob"}, [], 10)
        await told.keep({"c": "cy"}, ["a"], 10)
        await told.keep({}, ["b"], 9)
        assert await told.find(["a", "b", "c"]) == {
            "b": ToldName("bob", 10),
            "c": ToldName("cy", 10),
        }

    async def test_many_writers_at_once_end_at_the_newest(self, told: ToldNames) -> None:
        ids = [f"{number}" for number in range(50)]

        async def write(at_ms: int) -> None:
            order = ids if at_ms % 2 else ids[::-1]
            await told.keep(dict.fromkeys(order, f"name {at_ms}"), [], at_ms)

        await asyncio.gather(*map(write, range(20)))
        assert await told.find(ids) == {id_: ToldName("name 19", 19) for id_ in ids}
