"""Identity over a real gRPC server with certificates, tokens and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from segue.identity.v1 import identity_internal_service_pb2 as internal_pb
from segue.identity.v1 import identity_pb2
from segue.identity.v1 import identity_service_pb2 as pb

from meshkit.testing.stream_suite import StreamEndSuite
from meshkit.ulids import new_id
from tests.rpc.identity.harness import Identity, bearer, new_user, reason_of

SUBSCRIPTION = identity_pb2.User.SubscriptionType


async def step_of(watching: Any) -> internal_pb.WatchUsersResponse:
    step = await watching.read()
    assert isinstance(step, internal_pb.WatchUsersResponse)
    return step


async def test_a_new_user_is_answered_whole(identity: Identity) -> None:
    user = (await identity.users().CreateUser(new_user())).user
    assert len(user.user_id) == 26
    assert (user.username, user.email) == ("ada", "ada@example.org")
    assert user.subscription_type == SUBSCRIPTION.FREE
    assert user.monthly_data_limit_gb == 3.0
    assert user.created_at.seconds


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "Ada"}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"password": "short"}, "password"),
        ({"request_id": "with space"}, "request_id"),
        ({"request_id": "x" * 129}, "request_id"),
    ],
)
async def test_a_wrong_field_is_named(
    identity: Identity, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().CreateUser(new_user(**fields))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == ("INVALID_FIELD", {"field": field})


async def test_of_fifty_parallel_sign_ups_exactly_one_wins(identity: Identity) -> None:
    results = await asyncio.gather(
        *(identity.users().CreateUser(new_user(email=f"ada{n}@example.org")) for n in range(50)),
        return_exceptions=True,
    )
    made = [one for one in results if isinstance(one, pb.CreateUserResponse)]
    refused = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert (len(made), len(refused)) == (1, 49)
    assert {one.code() for one in refused} == {grpc.StatusCode.ALREADY_EXISTS}
    assert {str(reason_of(one)) for one in refused} == {str(("USER_EXISTS", {"field": "username"}))}


async def test_an_email_is_taken_in_any_case(identity: Identity) -> None:
    await identity.users().CreateUser(new_user())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().CreateUser(new_user(username="bob", email="ADA@Example.ORG"))
    assert reason_of(refused.value) == ("USER_EXISTS", {"field": "email"})


async def test_the_same_request_id_at_once_makes_one_user(identity: Identity) -> None:
    request = new_user(request_id="r1")
    answers = await asyncio.gather(*(identity.users().CreateUser(request) for _ in range(2)))
    assert answers[0] == answers[1]
    assert await identity.users().CreateUser(request) == answers[0]


@pytest.mark.parametrize("fields", [{"password": "another password"}, {"username": "bob"}])
async def test_a_request_id_with_another_body_is_refused(
    identity: Identity, fields: dict[str, str]
) -> None:
    await identity.users().CreateUser(new_user(request_id="r1"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().CreateUser(new_user(request_id="r1", **fields))
    assert reason_of(refused.value)[0] == "REQUEST_ID_REUSED"
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_person_is_found_by_name_and_no_more_is_told_than_that(identity: Identity) -> None:
    created = (await identity.users().CreateUser(new_user())).user
    token = (await identity.issue(username="bob")).access_token
    request = pb.LookupUserRequest(username="Ada")
    found = await identity.users().LookupUser(request, metadata=bearer(token))
    assert (found.user.user_id, found.user.username) == (created.user_id, "ada")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().LookupUser(
            pb.LookupUserRequest(username="nobody"), metadata=bearer(token)
        )
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().LookupUser(request)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_services_learn_names_by_id_and_others_do_not(identity: Identity) -> None:
    created = (await identity.users().CreateUser(new_user())).user
    request = internal_pb.LookupUsersRequest(
        user_ids=[created.user_id, "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"]
    )
    for caller in ("playback", "playlist"):
        answer = await identity.internal_users(caller).LookupUsers(request)
        assert [(one.user_id, one.username) for one in answer.users] == [(created.user_id, "ada")]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.internal_users("edge").LookupUsers(request)
    assert reason_of(refused.value)[0] == "CALLER_NOT_ALLOWED"


async def test_playlist_may_follow_the_users(identity: Identity) -> None:
    watching = identity.internal_users("playlist").WatchUsers(internal_pb.WatchUsersRequest())
    assert (await step_of(watching)).resume_token
    watching.cancel()


async def test_a_local_token_opens_the_account(identity: Identity) -> None:
    issued = await identity.issue(subscription_type=SUBSCRIPTION.PREMIUM)
    me = await identity.users().GetMe(pb.GetMeRequest(), metadata=bearer(issued.access_token))
    assert (me.user.user_id, me.user.username, me.user.email) == (issued.user_id, "ada", "")
    assert me.user.subscription_type == SUBSCRIPTION.PREMIUM
    assert not me.user.HasField("monthly_data_limit_gb")
    assert "admin" not in issued.scopes


async def test_an_administrator_gets_the_scopes_of_one(identity: Identity) -> None:
    issued = await identity.issue(admin=True)
    assert {"admin", "catalog.import", "account.read"} <= set(issued.scopes)


async def test_an_unknown_plan_is_refused(identity: Identity) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.issue(subscription_type=99)
    assert reason_of(refused.value) == ("INVALID_FIELD", {"field": "subscription_type"})


@pytest.mark.parametrize("caller", ["edge", "playback", "catalog", "media"])
async def test_only_the_command_line_gets_local_tokens(identity: Identity, caller: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.internal_tokens(caller).IssueLocalToken(
            internal_pb.IssueLocalTokenRequest(username="ada")
        )
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason_of(refused.value)[0] == "CALLER_NOT_ALLOWED"


async def test_services_are_told_the_keys_of_tokens_and_nothing_private(
    identity: Identity,
) -> None:
    for caller in ("catalog", "playback", "playlist"):
        answer = await identity.internal_tokens(caller).GetKeySet(internal_pb.GetKeySetRequest())
        (key,) = json.loads(answer.key_set)["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


@pytest.mark.parametrize("caller", ["media", "edge"])
async def test_nobody_else_is_told_the_keys_there(identity: Identity, caller: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.internal_tokens(caller).GetKeySet(internal_pb.GetKeySetRequest())
    assert reason_of(refused.value)[0] == "CALLER_NOT_ALLOWED"


async def test_without_a_token_there_is_no_me(identity: Identity) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().GetMe(pb.GetMeRequest())
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_plans_are_listed_to_anyone(identity: Identity) -> None:
    for caller in ("edge", "playback"):
        plans = (await identity.plans(caller).ListPlans(pb.ListPlansRequest())).plans
        assert [plan.subscription_type for plan in plans] == [
            SUBSCRIPTION.FREE,
            SUBSCRIPTION.PREMIUM,
        ]
        assert not plans[0].HasField("offline_storage_gb")
        assert not plans[1].HasField("monthly_data_limit_gb")


async def test_a_revoked_sign_in_is_told_and_refused(identity: Identity) -> None:
    issued = await identity.issue()
    other = await identity.issue()
    watching = identity.internal_users("playback").WatchUsers(internal_pb.WatchUsersRequest())
    first = await step_of(watching)
    assert first.resume_token
    assert first.WhichOneof("event") is None
    await identity.tokens().RevokeSession(
        pb.RevokeSessionRequest(), metadata=bearer(issued.access_token)
    )
    step = await step_of(watching)
    assert step.WhichOneof("event") == "session_revoked"
    assert step.session_revoked.forget_at.seconds >= issued.expires_at.seconds
    watching.cancel()
    await _refused_in_the_end(identity, issued.access_token)
    assert await identity.users().GetMe(pb.GetMeRequest(), metadata=bearer(other.access_token))


async def _refused_in_the_end(identity: Identity, token: str) -> None:
    """The feed reaches this process's own verifier a moment after the watcher."""
    refusal: grpc.aio.AioRpcError | None = None
    async with asyncio.timeout(20):
        while refusal is None:
            try:
                await identity.users().GetMe(pb.GetMeRequest(), metadata=bearer(token))
                await asyncio.sleep(0.01)
            except grpc.aio.AioRpcError as error:
                refusal = error
    assert reason_of(refusal)[0] == "TOKEN_REVOKED"


@dataclass
class Admin:
    """An administrator, and what they call."""

    identity: Identity
    metadata: Any

    async def set_plan(self, user_id: str, **fields: Any) -> identity_pb2.User:
        fields = {"subscription_type": SUBSCRIPTION.PREMIUM, **fields}
        request = pb.SetPlanRequest(user_id=user_id, **fields)
        return (await self.identity.users().SetPlan(request, metadata=self.metadata)).user

    async def erase(self, user_id: str) -> None:
        request = pb.EraseUserRequest(user_id=user_id)
        await self.identity.users().EraseUser(request, metadata=self.metadata)


@pytest.fixture
async def admin(identity: Identity) -> Admin:
    issued = await identity.issue(username="operator", admin=True)
    return Admin(identity, bearer(issued.access_token))


async def refusal(call: Any) -> tuple[str, dict[str, str]]:
    """How a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return reason_of(refused.value)


async def test_an_administrator_puts_a_user_on_a_plan_for_a_while(
    identity: Identity, admin: Admin
) -> None:
    user = (await identity.users().CreateUser(new_user())).user
    ends_at = Timestamp(seconds=int(time.time()) + 3600)
    changed = await admin.set_plan(user.user_id, ends_at=ends_at)
    assert (changed.subscription_type, changed.plan_ends_at) == (SUBSCRIPTION.PREMIUM, ends_at)
    issued = await identity.issue()
    me = await identity.users().GetMe(pb.GetMeRequest(), metadata=bearer(issued.access_token))
    assert me.user == changed
    back = await admin.set_plan(user.user_id, subscription_type=SUBSCRIPTION.FREE)
    assert back.subscription_type == SUBSCRIPTION.FREE
    assert not back.HasField("plan_ends_at")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subscription_type": 0}, "subscription_type"),
        ({"subscription_type": 99}, "subscription_type"),
        ({"ends_at": Timestamp(seconds=1)}, "ends_at"),
        ({"ends_at": Timestamp(seconds=2**60)}, "ends_at"),
        ({"ends_at": Timestamp(nanos=-1)}, "ends_at"),
        (
            {"ends_at": Timestamp(seconds=4 * 10**9), "subscription_type": SUBSCRIPTION.FREE},
            "ends_at",
        ),
    ],
)
async def test_a_wrong_plan_is_named(
    identity: Identity, admin: Admin, fields: dict[str, Any], field: str
) -> None:
    user = (await identity.users().CreateUser(new_user())).user
    refused = await refusal(admin.set_plan(user.user_id, **fields))
    assert refused == ("INVALID_FIELD", {"field": field})


async def test_only_administrators_set_plans_and_erase(identity: Identity) -> None:
    issued = await identity.issue()
    user = Admin(identity, bearer(issued.access_token))
    for call in (user.set_plan(issued.user_id), user.erase(issued.user_id)):
        assert (await refusal(call))[0] == "SCOPE_MISSING"


async def test_whom_there_never_was_is_not_found(admin: Admin) -> None:
    user_id = new_id()
    for call in (admin.set_plan(user_id), admin.erase(user_id)):
        assert await refusal(call) == ("NOT_FOUND", {"resource": "user", "id": user_id})


async def test_a_token_does_not_change_the_plan_of_a_user_that_there_is(
    identity: Identity,
) -> None:
    await identity.issue()
    refused = await refusal(identity.issue(subscription_type=SUBSCRIPTION.PREMIUM))
    assert refused == ("ON_ANOTHER_PLAN", {"subscription_type": "FREE"})
    assert await identity.issue(subscription_type=SUBSCRIPTION.FREE)


async def test_an_erased_user_is_told_refused_and_gone(identity: Identity, admin: Admin) -> None:
    issued, other = await identity.issue(), await identity.issue()
    watching = identity.internal_users("playback").WatchUsers(internal_pb.WatchUsersRequest())
    await step_of(watching)
    for _ in range(2):
        await admin.erase(issued.user_id)
    step = await step_of(watching)
    assert step.user_erased.user_id == issued.user_id
    assert step.user_erased.forget_at.seconds >= other.expires_at.seconds
    watching.cancel()
    for token in (issued.access_token, other.access_token):
        await _refused_in_the_end(identity, token)
    assert (await identity.issue()).user_id != issued.user_id


async def test_the_last_administrator_is_not_erased(identity: Identity, admin: Admin) -> None:
    operator = await identity.issue(username="operator")
    assert (await refusal(admin.erase(operator.user_id)))[0] == "LAST_ADMIN"
    await identity.issue(username="other", admin=True)
    await admin.erase(operator.user_id)


async def test_who_asks_is_told_everyone_who_was_erased_before_anything_else(
    identity: Identity, admin: Admin
) -> None:
    issued = await identity.issue()
    await admin.erase(issued.user_id)
    request = internal_pb.WatchUsersRequest(tell_erased=True)
    watching = identity.internal_users("playlist").WatchUsers(request)
    steps = [await step_of(watching) for _ in range(3)]
    watching.cancel()
    assert (steps[0].resume_token, steps[0].user_erased.user_id) == ("", issued.user_id)
    assert (bool(steps[1].resume_token), steps[1].WhichOneof("event")) == (True, None)
    assert steps[2].user_erased.user_id == issued.user_id


async def test_a_watch_resumes_after_its_token(identity: Identity) -> None:
    watching = identity.internal_users("catalog").WatchUsers(internal_pb.WatchUsersRequest())
    token = (await step_of(watching)).resume_token
    watching.cancel()
    await identity.users().CreateUser(new_user())
    resumed = identity.internal_users("catalog").WatchUsers(
        internal_pb.WatchUsersRequest(resume_token=token)
    )
    step = await step_of(resumed)
    assert step.user_changed.user.username == "ada"


async def test_a_damaged_resume_token_is_refused(identity: Identity) -> None:
    watching = identity.internal_users("catalog").WatchUsers(
        internal_pb.WatchUsersRequest(resume_token="x")
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await step_of(watching)
    assert reason_of(refused.value) == ("INVALID_FIELD", {"field": "resume_token"})


@dataclass
class World:
    """The service; no stream of it is a user's."""

    identity: Identity

    async def drain(self) -> None:
        await self.identity.server.drain()

    def revoke(self, sid: str) -> None:
        self.identity.server.streams.revoke(sid, time.time() + 300)

    def metadata(self, *, life_s: float = 300) -> Any:
        return ()


async def open_users(world: World, metadata: Any) -> Any:
    return world.identity.internal_users("catalog").WatchUsers(internal_pb.WatchUsersRequest())


class TestStreamEnds(StreamEndSuite):
    package = "segue.identity.v1"
    streams: ClassVar = {"UserInternalService.WatchUsers": open_users}

    @pytest.fixture
    def world(self, identity: Identity) -> World:
        return World(identity)
