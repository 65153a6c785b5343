"""The contract of erasures, run against every adapter, as that of accounts is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from edge.identity.domain.events import UserErased
from edge.identity.domain.faults import LastAdmin
from edge.identity.domain.tokens import CLOCK_TOLERANCE, TOKEN_LIFETIME, Erasure
from meshkit.faults import NotFound, RequestIdReused
from tests.contracts.identity.stores import StoresUnderTest, account, key, told

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ErasuresContract:
    """What every ``Erasures`` must keep."""

    async def test_who_was_erased_is_nowhere_and_the_feed_tells_it_once(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada", "ada@example.org"))
        start = await stores.feed.head()
        erasure = Erasure.of(made.user_id, NOW)
        await stores.erasures.erase(erasure)
        await stores.erasures.erase(Erasure.of(made.user_id, NOW + timedelta(hours=1)))
        assert await stores.accounts.find(made.user_id) is None
        assert await stores.accounts.find_named("ada") is None
        assert await stores.accounts.find_many([made.user_id]) == []
        assert await stores.accounts.password_hash(made.user_id) is None
        await stores.accounts.create(account("last"))
        events, _ = await told(stores, start, 2)
        assert events[0] == UserErased(made.user_id, erasure.forget_at)
        assert sum(isinstance(event, UserErased) for event in events) == 1

    async def test_a_new_user_of_that_name_and_address_is_another_person(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada", "ada@example.org"), key("r1"))
        await stores.erasures.erase(Erasure.of(made.user_id, NOW))
        again = await stores.accounts.create(account("ada", "ada@example.org"), key("r1"))
        assert again.user_id != made.user_id

    async def test_who_never_was_is_not_found(self, stores: StoresUnderTest) -> None:
        with pytest.raises(NotFound):
            await stores.erasures.erase(Erasure.of(str(ULID()), NOW))

    async def test_the_last_administrator_stays(self, stores: StoresUnderTest) -> None:
        ada, bob = [await stores.accounts.create(account(name)) for name in ("ada", "bob")]
        for user in (ada, bob, ada):
            await stores.accounts.make_admin(user.user_id)
        await stores.erasures.erase(Erasure.of(ada.user_id, NOW))
        with pytest.raises(LastAdmin):
            await stores.erasures.erase(Erasure.of(bob.user_id, NOW))
        assert await stores.accounts.find(bob.user_id) == bob

    async def test_of_administrators_who_erase_each_other_one_stays(
        self, stores: StoresUnderTest
    ) -> None:
        users = [await stores.accounts.create(account(f"admin{n}")) for n in range(4)]
        for user in users:
            await stores.accounts.make_admin(user.user_id)
        results = await asyncio.gather(
            *(stores.erasures.erase(Erasure.of(user.user_id, NOW)) for user in users),
            return_exceptions=True,
        )
        assert [type(one) for one in results if one is not None] == [LastAdmin]

    async def test_many_erase_one_user_once(self, stores: StoresUnderTest) -> None:
        made = await stores.accounts.create(account("ada"))
        start = await stores.feed.head()
        await asyncio.gather(
            *(stores.erasures.erase(Erasure.of(made.user_id, NOW)) for _ in range(5))
        )
        await stores.accounts.create(account("last"))
        events, _ = await told(stores, start, 2)
        assert sum(isinstance(event, UserErased) for event in events) == 1

    async def test_a_request_id_for_another_user_is_refused(self, stores: StoresUnderTest) -> None:
        ada, bob = [await stores.accounts.create(account(name)) for name in ("ada", "bob")]
        for _ in range(2):
            await stores.erasures.erase(Erasure.of(ada.user_id, NOW), key("r1", b"ada"))
        with pytest.raises(RequestIdReused):
            await stores.erasures.erase(Erasure.of(bob.user_id, NOW), key("r1", b"bob"))
        assert await stores.accounts.find(bob.user_id) == bob

    async def test_erasures_are_in_force_until_the_last_token_has_expired(
        self, stores: StoresUnderTest
    ) -> None:
        users = [await stores.accounts.create(account(name)) for name in ("ada", "bob")]
        new, old = Erasure.of(users[0].user_id, NOW), Erasure.of(users[1].user_id, NOW)
        old = Erasure.of(old.user_id, NOW - timedelta(seconds=1))
        for erasure in (new, old):
            await stores.erasures.erase(erasure)
        over = NOW + TOKEN_LIFETIME + CLOCK_TOLERANCE
        assert await stores.erasures.in_force(NOW) == [old, new]
        assert await stores.erasures.in_force(over - timedelta(seconds=1)) == [new]
        assert await stores.erasures.in_force(over) == []

    async def test_everyone_who_was_erased_is_found_page_by_page(
        self, stores: StoresUnderTest
    ) -> None:
        users = [await stores.accounts.create(account(f"user{n}")) for n in range(3)]
        for user in users:
            await stores.erasures.erase(Erasure.of(user.user_id, NOW))
        ids = sorted(user.user_id for user in users)
        first = await stores.erasures.page("", 2)
        rest = await stores.erasures.page(first[-1].user_id, 2)
        assert [one.user_id for one in (*first, *rest)] == ids
        assert await stores.erasures.page(ids[-1], 2) == []
