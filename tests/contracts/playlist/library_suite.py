"""What every ``UserCollection`` must do, whatever it holds."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any

import pytest
from ulid import ULID

from meshkit.faults import FailedPrecondition, RequestIdReused
from meshkit.idempotency import RequestKey
from playlist_svc.domain.library import Album
from playlist_svc.ports.library import UserCollection

NOW = 1_763_900_000_000
MOST = 40
"""The bound of the collections under test."""


def new_ids(n: int) -> list[str]:
    """Ids in no order."""
    return sorted((str(ULID()) for _ in range(n)), key=lambda one: one[::-1])


def an_album(album_id: str, **changed: Any) -> Album:
    plain = {"title": "Wind", "artist": "The Föhn", "artist_id": "", "year": 1998}
    return Album(**{"album_id": album_id, "artwork_path": "", **plain, **changed})


def a_key(user: str, request_id: str, body: bytes = b"body") -> RequestKey:
    return RequestKey(user, "/Save", request_id, body.ljust(32))


class CollectionContract(ABC):
    """Subclass it with fixtures ``collection`` and ``other``, two instances on one store that is
    empty for every test and takes ``MOST`` a user, and with ``thing``."""

    @abstractmethod
    def thing(self, thing_id: str) -> Any:
        """Something that the collection holds, with this id."""

    def things(self, ids: list[str]) -> list[Any]:
        return [self.thing(one) for one in ids]

    @pytest.fixture
    def user(self) -> str:
        return str(ULID())

    async def listed(
        self, collection: UserCollection[Any], user: str, limit: int = 500
    ) -> list[Any]:
        """All things, read page by page."""
        found: list[Any] = []
        after = None
        while page := (await collection.page(user, after, limit)).found:
            found += page
            after = (page[-1].saved_at_us, getattr(page[-1].thing, "album_id", page[-1].thing))
        assert all(one.saved_at_us > two.saved_at_us for one, two in pairwise(found))
        return [one.thing for one in found]

    async def test_a_user_who_saved_nothing_has_an_empty_list(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        page = await collection.page(user, None, 10)
        assert (list(page.found), page.total) == ([], 0)
        assert await collection.remove(user, new_ids(2), NOW) == 0
        assert await collection.among(user, new_ids(2)) == frozenset()

    async def test_the_order_of_a_call_is_the_order_of_the_list(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        first, second, third = new_ids(5), new_ids(7), new_ids(3)
        assert await collection.save(user, self.things(first), NOW) == 5
        assert await collection.save(user, self.things(second), NOW) == 7
        assert await collection.save(user, self.things(third), NOW - 60_000) == 3
        expected = self.things(third + second + first)
        assert await self.listed(collection, user, 4) == expected
        assert (await collection.page(user, None, 1)).total == 15

    async def test_the_time_is_that_of_saving(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        await collection.save(user, self.things(new_ids(3)), NOW)
        page = await collection.page(user, None, 10)
        assert [one.saved_at_us for one in page.found] == [NOW * 1000 - n for n in range(3)]

    async def test_saving_again_keeps_the_time_and_counts_only_what_is_new(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        one, two, three = new_ids(3)
        await collection.save(user, self.things([one, two]), NOW)
        before = {each.thing: each for each in (await collection.page(user, None, 10)).found}
        assert await collection.save(user, self.things([two, three, three]), NOW + 5_000) == 1
        assert await collection.save(user, self.things([two]), NOW + 9_000) == 0
        page = await collection.page(user, None, 10)
        assert [each.thing for each in page.found] == self.things([three, one, two])
        assert page.total == 3
        assert before.items() <= {each.thing: each for each in page.found}.items()

    async def test_what_is_removed_is_gone_and_counts_no_more(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        ids = new_ids(4)
        await collection.save(user, self.things(ids), NOW)
        assert await collection.remove(user, [ids[1], ids[3], *new_ids(1)], NOW) == 2
        assert await collection.remove(user, [ids[1]], NOW) == 0
        page = await collection.page(user, None, 10)
        assert [one.thing for one in page.found] == self.things([ids[0], ids[2]])
        assert page.total == 2
        assert await collection.among(user, ids) == {ids[0], ids[2]}

    async def test_what_is_too_much_saves_nothing(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        ids = new_ids(MOST)
        assert await collection.save(user, self.things(ids[:-1]), NOW) == MOST - 1
        with pytest.raises(FailedPrecondition) as full:
            await collection.save(user, self.things([ids[-1], *new_ids(1)]), NOW)
        assert (full.value.reason, full.value.metadata) == ("COLLECTION_FULL", {"limit": str(MOST)})
        assert (await collection.page(user, None, 1)).total == MOST - 1
        assert await collection.save(user, self.things(ids), NOW) == 1
        assert await collection.save(user, self.things(ids), NOW) == 0

    async def test_a_retry_is_answered_as_the_first_time_and_writes_nothing(
        self, collection: UserCollection[Any], other: UserCollection[Any], user: str
    ) -> None:
        ids, saving, removing = new_ids(3), a_key(user, "save"), a_key(user, "remove")
        assert await collection.stored_answer(saving) is None
        answers = [one.save(user, self.things(ids), NOW, saving) for one in (collection, other) * 3]
        assert set(await asyncio.gather(*answers)) == {3}
        assert await other.stored_answer(saving) == 3
        assert await collection.remove(user, ids[:2], NOW, removing) == 2
        assert await other.save(user, self.things(ids), NOW, saving) == 3
        assert await other.remove(user, ids[:2], NOW, removing) == 2
        assert await collection.among(user, ids) == {ids[2]}

    async def test_a_used_request_id_with_another_body_is_refused(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        ids, first, second = new_ids(2), a_key(user, "save"), a_key(user, "save", b"other")
        await collection.save(user, self.things(ids[:1]), NOW, first)
        for again in (
            collection.stored_answer(second),
            collection.save(user, self.things(ids), NOW, second),
        ):
            with pytest.raises(RequestIdReused):
                await again
        assert await collection.among(user, ids) == {ids[0]}

    async def test_users_do_not_see_each_others(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        ids, neighbour = new_ids(2), str(ULID())
        await collection.save(user, self.things(ids), NOW)
        assert (await collection.page(neighbour, None, 10)).total == 0
        assert await collection.among(neighbour, ids) == frozenset()
        await collection.erase(neighbour)
        assert await collection.among(user, ids) == set(ids)

    async def test_an_erased_user_has_nothing_and_can_begin_anew(
        self, collection: UserCollection[Any], user: str
    ) -> None:
        ids = new_ids(3)
        await collection.save(user, self.things(ids), NOW)
        await collection.erase(user)
        await collection.erase(user)
        assert (await collection.page(user, None, 10)).total == 0
        assert await collection.among(user, ids) == frozenset()
        assert await collection.save(user, self.things(ids[:1]), NOW) == 1
        assert (await collection.page(user, None, 10)).total == 1

    async def test_totals_are_exact_when_many_write_at_once(
        self, collection: UserCollection[Any], other: UserCollection[Any], user: str
    ) -> None:
        ids = new_ids(12)
        both = (collection, other)

        async def work(number: int) -> int:
            mine = ids[number % 4 :: 3]
            saved = await both[number % 2].save(user, self.things(mine), NOW + number)
            return saved - await both[number % 2].remove(user, mine[::2], NOW)

        kept = sum(await asyncio.gather(*map(work, range(24))))
        page = await collection.page(user, None, 500)
        assert page.total == len(page.found) == kept

    async def test_the_bound_holds_when_many_save_at_once(
        self, collection: UserCollection[Any], other: UserCollection[Any], user: str
    ) -> None:
        calls = [
            store.save(user, self.things(new_ids(7)), NOW) for store in (collection, other) * 5
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert (
            sorted(type(one).__name__ for one in answers)
            == ["FailedPrecondition"] * 5 + ["int"] * 5
        )
        assert (await collection.page(user, None, 1)).total == 35
