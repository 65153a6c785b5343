"""Identity's feed as the taking back of paths reads it over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    UserInternalServiceServicer,
    UserInternalServiceStub,
    add_UserInternalServiceServicer_to_server,
)
from segue.identity.v1.identity_pb2 import User

from meshkit.consuming import Step
from meshkit.faults import OutOfRange
from meshkit.testing.rpc import served
from meshkit.ulids import new_id
from playback_svc.adapters.grpc.accounts import account_changes
from playback_svc.ports.accounts import AccountChange, PlanSet, SignedOut

ADA, GONE = new_id(), new_id()


class Users(UserInternalServiceServicer):
    """An identity whose feed tells a sign-out, two plans, an erasure and nothing, then fails."""

    async def WatchUsers(
        self, request: pb.WatchUsersRequest, context: Any
    ) -> AsyncIterator[pb.WatchUsersResponse]:
        step = pb.WatchUsersResponse
        assert (request.resume_token, request.tell_erased) == ("t0", False)
        premium = User(user_id=ADA, subscription_type=User.PREMIUM)
        newer = User(user_id=ADA, subscription_type=99)  # type: ignore[arg-type]
        yield step(resume_token="t1", session_revoked=step.SessionRevoked(sid="s"))
        yield step(resume_token="t2", user_changed=step.UserChanged(user=premium))
        yield step(resume_token="t3", user_changed=step.UserChanged(user=newer))
        yield step(resume_token="t4", user_erased=step.UserErased(user_id=GONE))
        yield step(resume_token="t5")
        raise OutOfRange("too old")


async def test_the_feed_tells_of_sign_outs_and_plans_and_moves_on_over_the_rest(
    tmp_path: Path,
) -> None:
    registered = (add_UserInternalServiceServicer_to_server, Users())  # type: ignore[abstract]
    steps = list[Step[AccountChange]]()
    async with served(tmp_path, registered, workload="identity") as mesh:
        channel = mesh.client_channel("playback", serves_as="identity")
        with pytest.raises(OutOfRange):
            async for step in account_changes(UserInternalServiceStub(channel))("t0"):
                steps.append(step)
    assert steps == [
        Step("t1", SignedOut("s")),
        Step("t2", PlanSet(ADA, "premium")),
        Step("t3"),
        Step("t4"),
        Step("t5"),
    ]
