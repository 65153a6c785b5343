"""Every write of identity honours its request_id, enumerated from the contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from segue.identity.v1 import identity_internal_service_pb2 as internal_pb
from segue.identity.v1 import identity_pb2
from segue.identity.v1 import identity_service_pb2 as pb
from segue.mesh.v1.options_pb2 import MethodPolicy

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from meshkit.contracts import contract_of, services
from tests.rpc.identity.harness import Identity, bearer, new_user, reason_of, serving

WRITES = sorted(
    method.name
    for service in services()
    if service.full_name.startswith("segue.identity.")
    for method in service.methods
    if contract_of(method).access != MethodPolicy.INTERNAL and not contract_of(method).read_only
)


@dataclass
class Desk:
    """Who calls; ``about`` says which of two things a call is about."""

    identity: Identity
    tokens: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)

    async def token(self, about: str) -> str:
        """That of one sign-in of one user for each name."""
        if about not in self.tokens:
            self.tokens[about] = (await self.identity.issue()).access_token
        return self.tokens[about]

    async def call(self, method: str, about: str, request_id: str) -> Any:
        if method == "CreateUser":
            named = {"username": f"user-{about}", "email": f"{about}@example.org"}
            request = new_user(**named, request_id=request_id)
            return await self.identity.users().CreateUser(request)
        if method in ("SetPlan", "EraseUser"):
            return await self._administer(method, about, request_id)
        signing_out = pb.RevokeSessionRequest(request_id=request_id)
        token = bearer(await self.token(about))
        return await self.identity.tokens().RevokeSession(signing_out, metadata=token)

    async def _administer(self, method: str, about: str, request_id: str) -> Any:
        """An administrator's call about one user for each name."""
        users = self.identity.users()
        if about not in self.users:
            self.users[about] = (await self.identity.issue(username=f"user-{about}")).user_id
        if "admin" not in self.tokens:
            self.tokens["admin"] = (await self.identity.issue(admin=True)).access_token
        metadata = bearer(self.tokens["admin"])
        if method == "EraseUser":
            erasing = pb.EraseUserRequest(user_id=self.users[about], request_id=request_id)
            return await users.EraseUser(erasing, metadata=metadata)
        changing = pb.SetPlanRequest(
            user_id=self.users[about],
            subscription_type=identity_pb2.User.PREMIUM,
            request_id=request_id,
        )
        return await users.SetPlan(changing, metadata=metadata)

    async def outcome(self, method: str, about: str, request_id: str) -> tuple[str, dict[str, str]]:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.call(method, about, request_id)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        return reason_of(refused.value)


@pytest.fixture
async def desk(dsn: str, tls: Path, hasher: Argon2Hasher) -> AsyncIterator[Desk]:
    # Else a retry of a sign-out would be refused before it was looked at.
    async with serving(dsn, tls, hasher, follows=False) as identity:
        yield Desk(identity)


def test_all_writes_are_asked() -> None:
    assert WRITES == ["CreateUser", "EraseUser", "RevokeSession", "SetPlan"]


@pytest.mark.parametrize("method", WRITES)
async def test_a_retry_gets_the_first_answer(desk: Desk, method: str) -> None:
    await desk.token("one")
    answers = await asyncio.gather(*(desk.call(method, "one", "once") for _ in range(2)))
    answers.append(await desk.call(method, "one", "once"))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("method", WRITES)
async def test_a_used_request_id_for_something_else_is_refused(desk: Desk, method: str) -> None:
    await desk.call(method, "one", "once")
    reason, _ = await desk.outcome(method, "other", "once")
    assert reason == "REQUEST_ID_REUSED"
    await desk.call(method, "other", "another")


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("request_id", ["x" * 129, "two words", "ö"])
async def test_what_is_no_request_id_is_refused(desk: Desk, method: str, request_id: str) -> None:
    refused = await desk.outcome(method, "one", request_id)
    assert refused == ("INVALID_FIELD", {"field": "request_id"})


async def test_a_sign_out_under_a_used_id_leaves_that_sign_in_alone(desk: Desk) -> None:
    watching = desk.identity.internal_users("playback").WatchUsers(internal_pb.WatchUsersRequest())
    assert (await watching.read()).resume_token
    await desk.token("one")
    await desk.token("other")
    for _ in range(2):
        await desk.call("RevokeSession", "one", "once")
    await desk.outcome("RevokeSession", "other", "once")
    await desk.call("CreateUser", "last", "")
    told = [await watching.read() for _ in range(3)]
    watching.cancel()
    assert [step.WhichOneof("event") for step in told] == [
        "user_changed",
        "session_revoked",
        "user_changed",
    ]
