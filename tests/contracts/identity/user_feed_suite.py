"""The contract of the feed of users, run against every adapter, as that of accounts is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from ulid import ULID

from edge.identity.adapters.codecs.changes import of_erasure
from edge.identity.domain.events import UserChanged, UserErased
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Erasure
from edge.identity.domain.users import PlanPeriod
from meshkit.faults import InvalidArgument, OutOfRange
from meshkit.feeds import Change, Op
from tests.contracts.identity.stores import StoresUnderTest, account, told


class UserFeedContract:
    """What every ``UserFeed`` must keep."""

    async def test_a_watcher_learns_how_a_user_is_now(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        made = await stores.accounts.create(account("ada", "ada@example.org"))
        changed = await stores.accounts.set_plan(
            made.user_id, PlanPeriod(Tier.PREMIUM), datetime.now(UTC)
        )
        events, _ = await told(stores, start, 2)
        assert events == [UserChanged(changed), UserChanged(changed)]

    async def test_an_erased_user_is_told_and_not_shown(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        erasure = Erasure.of(str(ULID()), datetime.now(UTC))
        await stores.append(Change("user", erasure.user_id, 1, Op.UPSERT))
        await stores.append(of_erasure(erasure, 2))
        events, _ = await told(stores, start, 1)
        assert events == [UserErased(erasure.user_id, erasure.forget_at)]

    async def test_a_watcher_resumes_after_what_it_saw(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        await stores.accounts.create(account("ada"))
        _, token = await told(stores, start, 1)
        bob = await stores.accounts.create(account("bob"))
        events, _ = await told(stores, token, 1)
        assert events == [UserChanged(bob)]

    async def test_a_waiting_watcher_is_woken(self, stores: StoresUnderTest) -> None:
        watching = asyncio.create_task(told(stores, await stores.feed.head(), 1))
        await asyncio.sleep(0)
        made = await stores.accounts.create(account("ada"))
        events, _ = await watching
        assert events == [UserChanged(made)]

    async def test_a_stopped_watch_ends(self, stores: StoresUnderTest) -> None:
        stop = asyncio.Event()
        stop.set()
        head = await stores.feed.head()
        assert [batch async for batch in stores.feed.watch(head, stop=stop)] == []

    async def test_a_damaged_token_is_refused(self, stores: StoresUnderTest) -> None:
        with pytest.raises(InvalidArgument) as refused:
            await told(stores, "not a token", 1)
        assert refused.value.metadata["field"] == "resume_token"

    async def test_a_token_from_before_a_restore_has_expired(self, stores: StoresUnderTest) -> None:
        token = await stores.feed.head()
        await stores.start_epoch()
        with pytest.raises(OutOfRange):
            await told(stores, token, 1)
