"""What identity decides, over the stores inside one process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from edge.identity.adapters.memory.accounts import MemoryAccounts
from edge.identity.adapters.memory.erasures import MemoryErasures
from edge.identity.adapters.memory.revocations import MemoryRevocations
from edge.identity.adapters.memory.sign_up_limiter import MemorySignUpLimiter
from edge.identity.adapters.memory.user_feed import MemoryUserFeed
from edge.identity.domain.events import SessionRevoked, UserChanged, UserErased
from edge.identity.domain.faults import CommonPassword, LastAdmin, OnAnotherPlan, UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import TOKEN_LIFETIME, Claims, Erasure
from edge.identity.domain.users import Password, PlanPeriod, User
from edge.identity.ports.accounts import Account
from edge.identity.ports.sign_up_limiter import SignUpAllowance
from edge.identity.usecases.token import RevokeSession
from edge.identity.usecases.token_internal import IssueLocalToken
from edge.identity.usecases.user import (
    CreateUser,
    EndPlans,
    EraseUser,
    GetMe,
    LookupUser,
    SetPlan,
    SignUp,
)
from edge.identity.usecases.user_internal import LookupUsers, WatchUsers
from meshkit.faults import InvalidArgument, NotFound, RequestIdReused, ResourceExhausted
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import RequestKey
from meshkit.scopes import operator_scopes, user_scopes
from meshkit.ulids import new_id

NOW = datetime(2026, 11, 22, 12, 0, 0, 999_999, tzinfo=UTC)


class PlainHasher:
    """Salts and hashes nothing, and lets other calls in between, as a thread would."""

    def __init__(self) -> None:
        self.hashed = 0

    async def hash(self, password: Password) -> str:
        await asyncio.sleep(0)
        self.hashed += 1
        return f"{self.hashed}${password.reveal().decode()}"

    async def verify(self, password: Password, hashed: str) -> bool:
        return hashed.partition("$")[2] == password.reveal().decode()


class PlainSigner:
    """Remembers what it was to sign."""

    def __init__(self) -> None:
        self.signed: list[Claims] = []

    def sign(self, claims: Claims) -> str:
        self.signed.append(claims)
        return f"token {len(self.signed)}"


@dataclass
class Parts:
    accounts: MemoryAccounts
    revocations: MemoryRevocations
    erasures: MemoryErasures
    feed: MemoryUserFeed
    create: CreateUser
    issue: IssueLocalToken
    revoke: RevokeSession
    watch: WatchUsers


@pytest.fixture
async def parts() -> Parts:
    changes = MemoryChangeFeed()
    accounts = MemoryAccounts(changes)
    revocations = MemoryRevocations(changes)
    erasures = MemoryErasures(changes, accounts)
    return Parts(
        accounts,
        revocations,
        erasures,
        MemoryUserFeed(changes, accounts),
        CreateUser(
            accounts,
            PlainHasher(),
            lambda: NOW,
            new_id,
            limiter=MemorySignUpLimiter(SignUpAllowance(50, 60.0)),
            commonest={"manchester", "dragon"},
        ),
        IssueLocalToken(accounts, PlainSigner(), lambda: NOW, new_id, issuer="https://segue.test"),
        RevokeSession(revocations, lambda: NOW),
        WatchUsers(MemoryUserFeed(changes, accounts), revocations, erasures, lambda: NOW),
    )


def sign_up(username: str = "ada", password: str = "correct horse") -> SignUp:
    return SignUp.parse(username=username, email=f"{username}@example.org", password=password)


def key(body: bytes = b"ada") -> RequestKey:
    return RequestKey("", "/CreateUser", "r1", body)


async def test_a_new_user_is_on_the_free_plan_with_a_hashed_password(parts: Parts) -> None:
    created = await parts.create(sign_up())
    assert created == User(created.user_id, "ada", "ada@example.org", Tier.FREE, NOW)
    assert await parts.accounts.find(created.user_id) == created
    assert await parts.accounts.password_hash(created.user_id) == "1$correct horse"


async def test_the_same_request_twice_at_once_makes_one_user(parts: Parts) -> None:
    answers = await asyncio.gather(*(parts.create(sign_up(), key()) for _ in range(2)))
    assert answers[0] == answers[1]


async def test_a_repeated_request_with_another_password_is_refused(parts: Parts) -> None:
    await parts.create(sign_up(), key())
    with pytest.raises(RequestIdReused):
        await parts.create(sign_up(password="another password"), key())


async def test_a_common_password_makes_no_user_and_costs_no_sign_up(parts: Parts) -> None:
    for _ in range(60):
        with pytest.raises(CommonPassword) as refused:
            await parts.create(sign_up(password="Manchester1"))
        assert refused.value.violations[0].field == "password"
    assert not parts.accounts.held
    assert await parts.create(sign_up())


async def test_an_address_signs_up_as_many_as_it_may_and_others_go_on(parts: Parts) -> None:
    for number in range(50):
        await parts.create(sign_up(f"user-{number}"), address="203.0.113.7")
    with pytest.raises(ResourceExhausted) as refused:
        await parts.create(sign_up(), address="203.0.113.7")
    assert refused.value.metadata == {"limit": "sign_ups_per_address"}
    assert refused.value.retry_after_s == 60.0
    assert await parts.create(sign_up(), address="203.0.113.8")


async def test_of_fifty_parallel_sign_ups_with_one_name_one_wins(parts: Parts) -> None:
    results = await asyncio.gather(
        *(parts.create(sign_up()) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(one, User) for one in results) == 1
    assert sum(isinstance(one, UserExists) for one in results) == 49


async def test_an_account_shows_no_hash() -> None:
    user = User(new_id(), "ada", None, Tier.FREE, NOW)
    assert "secret" not in repr(Account(user, "secret"))


async def test_an_erased_user_is_not_found(parts: Parts) -> None:
    with pytest.raises(NotFound) as missing:
        await GetMe(parts.accounts, lambda: NOW)("01JD4Q8Z7Y1V9K2M5N6P7R8S9T")
    assert missing.value.metadata["resource"] == "user"


@pytest.mark.parametrize("typed", ["ada", "Ada", "ADA"])
async def test_a_person_is_found_by_name_in_any_case(parts: Parts, typed: str) -> None:
    created = await parts.create(sign_up())
    assert await LookupUser(parts.accounts)(typed) == created


async def test_a_name_that_nobody_has_is_not_found(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await LookupUser(parts.accounts)("nobody")


@pytest.mark.parametrize("typed", ["", "ab", "a b c", "x" * 33, "\u212ate", "a%00da", "ada\n"])
async def test_what_is_no_name_is_refused(parts: Parts, typed: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await LookupUser(parts.accounts)(typed)
    assert refused.value.metadata["field"] == "username"


async def test_a_full_batch_is_answered(parts: Parts) -> None:
    created = await parts.create(sign_up())
    others = [new_id() for _ in range(499)]
    assert await LookupUsers(parts.accounts)([created.user_id, *others]) == [created]


async def test_a_local_user_is_made_once_and_keeps_their_plan(parts: Parts) -> None:
    first = await parts.issue("ada", tier=Tier.PREMIUM, admin=False)
    again = await parts.issue("ada", tier=None, admin=False)
    assert first.claims.subject == again.claims.subject
    assert (first.claims.tier, again.claims.tier) == (Tier.PREMIUM, Tier.PREMIUM)
    assert (await parts.issue("ada", tier=Tier.PREMIUM, admin=False)).claims.tier is Tier.PREMIUM


async def test_the_plan_of_a_local_user_that_there_is_is_not_changed_by_a_token(
    parts: Parts,
) -> None:
    await parts.issue("ada", tier=Tier.PREMIUM, admin=False)
    with pytest.raises(OnAnotherPlan) as refused:
        await parts.issue("ada", tier=Tier.FREE, admin=True)
    assert refused.value.metadata == {"subscription_type": "PREMIUM"}
    assert (await parts.issue("ada", tier=None, admin=False)).claims.tier is Tier.PREMIUM


async def on_a_plan_that_ends(parts: Parts, ends_at: datetime) -> User:
    made = await parts.create(sign_up())
    period = PlanPeriod(Tier.PREMIUM, ends_at)
    return await SetPlan(parts.accounts, lambda: NOW)(made.user_id, period)


async def test_an_ended_plan_is_free_from_its_end_on(parts: Parts) -> None:
    user = await on_a_plan_that_ends(parts, NOW + timedelta(hours=1))
    before = NOW + timedelta(hours=1, microseconds=-1)
    assert await GetMe(parts.accounts, lambda: before)(user.user_id) == user
    after = await GetMe(parts.accounts, lambda: NOW + timedelta(hours=1))(user.user_id)
    assert (after.tier, after.plan_ends_at) == (Tier.FREE, None)


async def test_no_token_outlives_a_plan_that_ends(parts: Parts) -> None:
    ends_at = NOW.replace(microsecond=0) + timedelta(seconds=90)
    await on_a_plan_that_ends(parts, ends_at)
    token = (await parts.issue("ada", tier=None, admin=False)).claims
    assert (token.tier, token.expires_at) == (Tier.PREMIUM, ends_at)


async def test_who_is_a_second_from_the_end_of_a_plan_gets_a_free_token(parts: Parts) -> None:
    await on_a_plan_that_ends(parts, NOW.replace(microsecond=0) + timedelta(seconds=1))
    token = (await parts.issue("ada", tier=None, admin=False)).claims
    assert (token.tier, token.expires_at - token.issued_at) == (Tier.FREE, TOKEN_LIFETIME)


async def test_all_plans_that_have_ended_are_ended_in_one_round(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EndPlans, "AT_ONCE", 2)
    ends_at = NOW + timedelta(hours=1)
    users = [await parts.create(sign_up(f"user{number}")) for number in range(5)]
    for user in users:
        period = PlanPeriod(Tier.PREMIUM, ends_at)
        await SetPlan(parts.accounts, lambda: NOW)(user.user_id, period)
    await EndPlans(parts.accounts, lambda: ends_at)()
    found = await parts.accounts.find_many([user.user_id for user in users])
    assert [user.tier for user in found] == [Tier.FREE] * 5


async def test_who_erases_oneself_as_the_last_administrator_stays(parts: Parts) -> None:
    admin = (await parts.issue("ada", tier=None, admin=True)).claims.subject
    erase = EraseUser(parts.erasures, lambda: NOW)
    with pytest.raises(LastAdmin):
        await erase(admin)
    await parts.issue("bob", tier=None, admin=True)
    await erase(admin)
    assert await parts.accounts.find(admin) is None


async def first_steps(parts: Parts, count: int, *, tell_erased: bool) -> list[tuple[str, object]]:
    """What a watcher without a token gets first."""
    steps = []
    stop = asyncio.Event()
    async for step in parts.watch("", stop=stop, tell_erased=tell_erased):
        steps.append(step)
        if len(steps) == count:
            stop.set()
            break
    return steps


async def test_a_new_watcher_is_told_whose_tokens_are_refused_and_if_it_asks_all_erased(
    parts: Parts,
) -> None:
    long_ago, now = [await parts.create(sign_up(name)) for name in ("ada", "bob")]
    await EraseUser(parts.erasures, lambda: NOW - timedelta(days=40))(long_ago.user_id)
    await EraseUser(parts.erasures, lambda: NOW)(now.user_id)
    head = await parts.feed.head()
    (_, first), (at, in_force) = await first_steps(parts, 2, tell_erased=False)
    assert first is None
    assert (at, in_force) == (head, UserErased(now.user_id, Erasure.of("", NOW).forget_at))
    steps = await first_steps(parts, 4, tell_erased=True)
    assert [token for token, _ in steps] == ["", "", head, head]
    told = {event.user_id for _, event in steps[:2] if isinstance(event, UserErased)}
    assert told == {long_ago.user_id, now.user_id}


async def test_a_new_local_user_is_free_unless_said(parts: Parts) -> None:
    assert (await parts.issue("ada", tier=None, admin=False)).claims.tier is Tier.FREE


async def test_tokens_for_one_new_user_at_once_name_one_user(parts: Parts) -> None:
    tokens = await asyncio.gather(*(parts.issue("ada", tier=None, admin=False) for _ in range(8)))
    assert len({token.claims.subject for token in tokens}) == 1


async def test_every_token_is_a_sign_in_of_its_own_for_five_minutes(parts: Parts) -> None:
    one = (await parts.issue("ada", tier=None, admin=False)).claims
    two = (await parts.issue("ada", tier=None, admin=False)).claims
    assert one.sid != two.sid
    assert one.token_id != two.token_id
    assert one.issued_at == NOW.replace(microsecond=0)
    assert one.expires_at - one.issued_at == timedelta(seconds=300)
    assert one.issuer == "https://segue.test"


async def test_only_an_administrator_may_import(parts: Parts) -> None:
    user = await parts.issue("ada", tier=None, admin=False)
    admin = await parts.issue("ada", tier=None, admin=True)
    assert user.claims.scopes == user_scopes()
    assert admin.claims.scopes == user_scopes() + operator_scopes()
    assert admin.encoded
    assert admin.encoded not in repr(admin)


async def test_a_malformed_local_name_is_refused(parts: Parts) -> None:
    with pytest.raises(InvalidArgument):
        await parts.issue("Ada!", tier=None, admin=False)


async def test_a_revocation_outlives_the_last_token_of_its_sign_in(parts: Parts) -> None:
    claims = (await parts.issue("ada", tier=None, admin=False)).claims
    revocation = await parts.revoke(sid=claims.sid, user_id=claims.subject)
    assert revocation.forget_at > claims.expires_at
    assert await parts.revoke(sid=claims.sid, user_id=claims.subject) == revocation


async def test_a_new_watcher_first_gets_a_place_to_resume_from(parts: Parts) -> None:
    stop = asyncio.Event()
    watching = parts.watch("", stop=stop)
    token, event = await anext(watching)
    assert event is None
    created = await parts.create(sign_up())
    assert (await anext(watching))[1] == UserChanged(created)
    stop.set()
    resumed = parts.watch(token, stop=asyncio.Event())
    assert (await anext(resumed))[1] == UserChanged(created)


async def test_resuming_inside_a_batch_repeats_and_never_skips(parts: Parts) -> None:
    start = await parts.feed.head()
    created = await parts.create(sign_up())
    revoked = await parts.revoke(sid="s1", user_id=created.user_id)
    wanted = [UserChanged(created), SessionRevoked("s1", revoked.forget_at)]
    stop = asyncio.Event()
    steps = []
    async for step in parts.watch(start, stop=stop):
        steps.append(step)
        if len(steps) == 2:
            stop.set()
    assert [event for _, event in steps] == wanted
    watching = parts.watch(steps[0][0], stop=asyncio.Event())
    seen = [(await anext(watching))[1] for _ in range(2)]
    assert wanted[1] in seen


async def test_a_new_watcher_learns_of_revocations_that_are_in_force(parts: Parts) -> None:
    revoked = await parts.revoke(sid="s1", user_id="u1")
    watching = parts.watch("", stop=asyncio.Event())
    steps = [await anext(watching) for _ in range(2)]
    assert [event for _, event in steps] == [None, SessionRevoked("s1", revoked.forget_at)]
    created = await parts.create(sign_up())
    assert (await anext(watching))[1] == UserChanged(created)
