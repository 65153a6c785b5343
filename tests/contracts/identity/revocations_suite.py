"""The contract of revoked sign-ins, run against every adapter, as that of accounts is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from edge.identity.domain.events import SessionRevoked, UserChanged
from edge.identity.domain.tokens import Revocation
from meshkit.faults import RequestIdReused
from tests.contracts.identity.stores import StoresUnderTest, account, key, told


class RevocationsContract:
    """What every ``Revocations`` must keep."""

    async def test_a_revocation_is_in_force_until_it_may_be_forgotten(
        self, stores: StoresUnderTest
    ) -> None:
        now = datetime.now(UTC)
        new = Revocation.of(str(ULID()), str(ULID()), now)
        old = Revocation.of(str(ULID()), str(ULID()), now - timedelta(seconds=60))
        assert await stores.revocations.in_force(now) == []
        assert await stores.revocations.revoke(new) == new
        assert await stores.revocations.revoke(old) == old
        assert await stores.revocations.in_force(now) == [old, new]
        assert await stores.revocations.in_force(old.forget_at) == [new]
        assert await stores.revocations.in_force(new.forget_at) == []

    async def test_the_first_revocation_stands_and_is_told_once(
        self, stores: StoresUnderTest
    ) -> None:
        start = await stores.feed.head()
        now = datetime.now(UTC)
        first = Revocation.of(str(ULID()), str(ULID()), now)
        later = Revocation.of(first.sid, first.user_id, now + timedelta(seconds=9))
        other = Revocation.of(str(ULID()), first.user_id, now)
        await stores.revocations.revoke(first)
        assert await stores.revocations.revoke(later) == first
        await stores.revocations.revoke(other)
        events, _ = await told(stores, start, 2)
        assert events == [
            SessionRevoked(first.sid, first.forget_at),
            SessionRevoked(other.sid, other.forget_at),
        ]

    async def test_a_repeated_request_gets_the_first_answer(self, stores: StoresUnderTest) -> None:
        now = datetime.now(UTC)
        first = Revocation.of(str(ULID()), str(ULID()), now)
        later = Revocation.of(first.sid, first.user_id, now + timedelta(seconds=9))
        answers = [await stores.revocations.revoke(one, key("r1")) for one in (first, later)]
        answers += await asyncio.gather(
            *(stores.revocations.revoke(later, key("r1")) for _ in range(4))
        )
        assert answers == [first] * 6

    async def test_a_used_request_id_for_another_sign_in_revokes_nothing(
        self, stores: StoresUnderTest
    ) -> None:
        now = datetime.now(UTC)
        first, other = (Revocation.of(str(ULID()), "u", now) for _ in range(2))
        await stores.revocations.revoke(first, key("r1", b"first"))
        with pytest.raises(RequestIdReused):
            await stores.revocations.revoke(other, key("r1", b"other"))
        assert await stores.revocations.in_force(now) == [first]

    async def test_parallel_revocations_agree(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        sid, now = str(ULID()), datetime.now(UTC)
        answers = await asyncio.gather(
            *(
                stores.revocations.revoke(Revocation.of(sid, "u", now + timedelta(seconds=n)))
                for n in range(8)
            )
        )
        assert len(set(answers)) == 1
        await stores.accounts.create(account("last"))
        events, _ = await told(stores, start, 2)
        assert [type(event) for event in events] == [SessionRevoked, UserChanged]
