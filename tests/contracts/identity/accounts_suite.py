"""The contract of accounts, run against every adapter.

Subclass the suite and give it a fixture ``stores`` that returns a fresh ``StoresUnderTest``.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from edge.identity.domain.events import UserChanged
from edge.identity.domain.faults import UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.users import PlanPeriod, User
from meshkit.faults import InvalidArgument, NotFound, RequestIdReused
from tests.contracts.identity.stores import StoresUnderTest, account, key, told

PARALLEL = 50

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
PREMIUM = PlanPeriod(Tier.PREMIUM)


def until(ends_at: datetime) -> PlanPeriod:
    """The premium plan, for a while."""
    return PlanPeriod(Tier.PREMIUM, ends_at)


class AccountsContract:
    """What every ``Accounts`` must keep."""

    async def test_a_created_user_is_found_by_id_and_by_name(self, stores: StoresUnderTest) -> None:
        made = account("ada", "Ada@Example.org", Tier.PREMIUM)
        assert await stores.accounts.create(made) == made.user
        assert await stores.accounts.find(made.user.user_id) == made.user
        assert await stores.accounts.find_named("ada") == made.user
        assert await stores.accounts.find_named("ADA") == made.user
        assert await stores.accounts.password_hash(made.user.user_id) == made.password_hash

    async def test_who_is_unknown_is_not_found(self, stores: StoresUnderTest) -> None:
        assert await stores.accounts.find(str(ULID())) is None
        assert await stores.accounts.find_named("nobody") is None
        assert await stores.accounts.password_hash(str(ULID())) is None

    async def test_many_are_found_once_each_without_those_that_there_are_not(
        self, stores: StoresUnderTest
    ) -> None:
        ada = await stores.accounts.create(account("ada"))
        bob = await stores.accounts.create(account("bob"))
        await stores.accounts.create(account("cyd"))
        wanted = [ada.user_id, str(ULID()), bob.user_id, ada.user_id]
        found = await stores.accounts.find_many(wanted)
        assert sorted(user.username for user in found) == ["ada", "bob"]
        assert set(found) == {ada, bob}
        assert await stores.accounts.find_many([]) == []

    async def test_a_taken_username_is_named(self, stores: StoresUnderTest) -> None:
        await stores.accounts.create(account("ada", "a@example.org"))
        with pytest.raises(UserExists) as refused:
            await stores.accounts.create(account("ada", "b@example.org"))
        assert refused.value.metadata == {"field": "username"}

    async def test_an_email_is_taken_in_any_case(self, stores: StoresUnderTest) -> None:
        await stores.accounts.create(account("ada", "ada@example.org"))
        with pytest.raises(UserExists) as refused:
            await stores.accounts.create(account("bob", "ADA@Example.ORG"))
        assert refused.value.metadata == {"field": "email"}
        assert await stores.accounts.find_named("bob") is None

    async def test_many_users_may_have_no_email(self, stores: StoresUnderTest) -> None:
        for name in ("ada", "bob", "cyd"):
            await stores.accounts.create(account(name))
        assert await stores.accounts.find_named("cyd") is not None

    async def test_of_parallel_users_with_one_name_one_is_made(
        self, stores: StoresUnderTest
    ) -> None:
        start = await stores.feed.head()
        wanted = [account("ada", f"ada{n}@example.org") for n in range(PARALLEL)]
        results = await asyncio.gather(
            *(stores.accounts.create(one) for one in wanted), return_exceptions=True
        )
        made = [one for one in results if isinstance(one, User)]
        assert len(made) == 1
        assert all(isinstance(one, UserExists) for one in results if one not in made)
        assert await stores.accounts.find_named("ada") == made[0]
        await stores.accounts.create(account("last"))
        events, _ = await told(stores, start, 2)
        assert [event.user.username for event in events if isinstance(event, UserChanged)] == [
            "ada",
            "last",
        ]

    async def test_a_repeated_request_gives_the_first_answer(self, stores: StoresUnderTest) -> None:
        first = await stores.accounts.create(account("ada", "a@example.org"), key("r1"))
        await stores.accounts.set_plan(first.user_id, PREMIUM, NOW)
        again = await stores.accounts.create(account("ada", "a@example.org"), key("r1"))
        assert again == first

    async def test_parallel_repeats_of_a_request_make_one_user(
        self, stores: StoresUnderTest
    ) -> None:
        answers = await asyncio.gather(
            *(stores.accounts.create(account("ada", "a@b.org"), key("r1")) for _ in range(8))
        )
        assert len(set(answers)) == 1
        assert await stores.accounts.find_named("ada") == answers[0]

    async def test_a_request_id_with_another_body_is_refused(self, stores: StoresUnderTest) -> None:
        await stores.accounts.create(account("ada"), key("r1"))
        with pytest.raises(RequestIdReused):
            await stores.accounts.create(account("bob"), key("r1", b"other"))
        assert await stores.accounts.find_named("bob") is None

    async def test_a_refused_request_may_be_repeated(self, stores: StoresUnderTest) -> None:
        await stores.accounts.create(account("ada", "a@example.org"))
        for _ in range(2):
            with pytest.raises(UserExists):
                await stores.accounts.create(account("ada", "b@example.org"), key("r1"))
        made = await stores.accounts.create(account("bob"), key("r1"))
        assert made.username == "bob"

    async def test_a_change_of_plan_raises_the_version_and_is_told(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada"))
        start = await stores.feed.head()
        changed = await stores.accounts.set_plan(made.user_id, PREMIUM, NOW)
        assert (changed.tier, changed.version) == (Tier.PREMIUM, made.version + 1)
        assert await stores.accounts.find(made.user_id) == changed
        ends = await stores.accounts.set_plan(made.user_id, until(LATER), NOW)
        assert (ends.plan_ends_at, ends.version) == (LATER, made.version + 2)
        assert await stores.accounts.find(made.user_id) == ends
        events, _ = await told(stores, start, 2)
        assert events[-1] == UserChanged(ends)

    async def test_the_plan_that_a_user_is_on_changes_nothing(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada"))
        await stores.accounts.set_plan(made.user_id, until(LATER), NOW)
        start = await stores.feed.head()
        held = await stores.accounts.set_plan(made.user_id, until(LATER), NOW)
        assert held.version == made.version + 1
        other = await stores.accounts.create(account("bob"))
        events, _ = await told(stores, start, 1)
        assert events == [UserChanged(other)]

    async def test_nobody_can_be_put_on_no_plan(self, stores: StoresUnderTest) -> None:
        with pytest.raises(NotFound):
            await stores.accounts.set_plan(str(ULID()), PREMIUM, NOW)

    async def test_a_plan_ends_later_than_now_and_free_never(self, stores: StoresUnderTest) -> None:
        made = await stores.accounts.create(account("ada"))
        for period in (until(NOW), PlanPeriod(Tier.FREE, LATER)):
            with pytest.raises(InvalidArgument) as refused:
                await stores.accounts.set_plan(made.user_id, period, NOW)
            assert refused.value.metadata["field"] == "ends_at"
        soon = until(NOW + timedelta(microseconds=1))
        assert (await stores.accounts.set_plan(made.user_id, soon, NOW)).tier is Tier.PREMIUM

    async def test_a_repeated_change_of_plan_gives_the_first_answer_also_when_it_is_over(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada"))
        first = await stores.accounts.set_plan(made.user_id, until(LATER), NOW, key("r1"))
        await stores.accounts.set_plan(made.user_id, PlanPeriod(Tier.FREE), NOW)
        again = await stores.accounts.set_plan(made.user_id, until(LATER), LATER, key("r1"))
        assert again == first
        with pytest.raises(RequestIdReused):
            await stores.accounts.set_plan(made.user_id, PREMIUM, NOW, key("r1", b"other"))

    async def test_plans_that_have_ended_fall_back_to_free_and_are_told(
        self, stores: StoresUnderTest
    ) -> None:
        users = [await stores.accounts.create(account(f"user{n}")) for n in range(4)]
        ends = (LATER, LATER, LATER + timedelta(microseconds=1), None)
        for user, ends_at in zip(users, ends, strict=True):
            await stores.accounts.set_plan(user.user_id, PlanPeriod(Tier.PREMIUM, ends_at), NOW)
        start = await stores.feed.head()
        assert await stores.accounts.end_plans(LATER - timedelta(microseconds=1), 9) == 0
        assert [await stores.accounts.end_plans(LATER, 1) for _ in range(3)] == [1, 1, 0]
        found = [await stores.accounts.find(user.user_id) for user in users]
        tiers = [user.tier if user else None for user in found]
        assert tiers == [Tier.FREE, Tier.FREE, Tier.PREMIUM, Tier.PREMIUM]
        assert found[0] is not None
        assert found[0].plan_ends_at is None
        events, _ = await told(stores, start, 2)
        assert {one.user for one in events if isinstance(one, UserChanged)} == set(found[:2])
