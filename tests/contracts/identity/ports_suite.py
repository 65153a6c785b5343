"""The contracts of identity's stores, run against every adapter of them.

Subclass each suite and give it a fixture ``stores`` that returns a fresh ``StoresUnderTest``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from edge.identity.domain.events import SessionRevoked, UserChanged, UserErased, UserEvent
from edge.identity.domain.faults import UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Revocation
from edge.identity.domain.users import User
from edge.identity.ports import Account, Accounts, Revocations, UserFeed
from meshkit.faults import InvalidArgument, NotFound, OutOfRange, RequestIdReused
from meshkit.feeds import Change, Op
from meshkit.idempotency import RequestKey

PARALLEL = 50
WATCH_LIMIT_S = 20


@dataclass(frozen=True, slots=True)
class StoresUnderTest:
    """Empty stores that share one feed. ``append`` and ``start_epoch`` are back doors of it."""

    accounts: Accounts
    revocations: Revocations
    feed: UserFeed
    append: Callable[[Change], Awaitable[None]]
    start_epoch: Callable[[], Awaitable[None]]


def account(username: str, email: str | None = None, tier: Tier = Tier.FREE) -> Account:
    """A new account with an id of its own."""
    return Account(User(str(ULID()), username, email, tier, datetime.now(UTC)), "$argon2id$…")


def key(request_id: str, body: bytes = b"same") -> RequestKey:
    """The key of a write."""
    return RequestKey("", "/Write", request_id, body)


async def told(stores: StoresUnderTest, token: str, count: int) -> tuple[list[UserEvent], str]:
    """The first ``count`` events after ``token`` at least, and where they end."""
    stop = asyncio.Event()
    seen: list[UserEvent] = []
    async with asyncio.timeout(WATCH_LIMIT_S):
        async for batch in stores.feed.watch(token, stop=stop):
            seen += batch.events
            token = batch.token
            if len(seen) >= count:
                stop.set()
    return seen, token


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
        await stores.accounts.change_tier(first.user_id, Tier.PREMIUM)
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

    async def test_a_change_of_tier_raises_the_version_and_is_told(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada"))
        start = await stores.feed.head()
        changed = await stores.accounts.change_tier(made.user_id, Tier.PREMIUM)
        assert (changed.tier, changed.version) == (Tier.PREMIUM, made.version + 1)
        assert await stores.accounts.find(made.user_id) == changed
        events, _ = await told(stores, start, 1)
        assert events == [UserChanged(changed)]

    async def test_the_tier_that_a_user_is_on_changes_nothing(
        self, stores: StoresUnderTest
    ) -> None:
        made = await stores.accounts.create(account("ada"))
        start = await stores.feed.head()
        assert await stores.accounts.change_tier(made.user_id, Tier.FREE) == made
        other = await stores.accounts.create(account("bob"))
        events, _ = await told(stores, start, 1)
        assert events == [UserChanged(other)]

    async def test_the_tier_of_nobody_cannot_be_changed(self, stores: StoresUnderTest) -> None:
        with pytest.raises(NotFound):
            await stores.accounts.change_tier(str(ULID()), Tier.PREMIUM)


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


class UserFeedContract:
    """What every ``UserFeed`` must keep."""

    async def test_a_watcher_learns_how_a_user_is_now(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        made = await stores.accounts.create(account("ada", "ada@example.org"))
        changed = await stores.accounts.change_tier(made.user_id, Tier.PREMIUM)
        events, _ = await told(stores, start, 2)
        assert events == [UserChanged(changed), UserChanged(changed)]

    async def test_an_erased_user_is_told_and_not_shown(self, stores: StoresUnderTest) -> None:
        start = await stores.feed.head()
        gone = str(ULID())
        await stores.append(Change("user", gone, 1, Op.UPSERT))
        await stores.append(Change("user", gone, 2, Op.DELETE))
        events, _ = await told(stores, start, 1)
        assert events == [UserErased(gone)]

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
