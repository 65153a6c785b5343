"""Identity's feed as a consumer of users reads it over gRPC."""

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

from meshkit.consuming import Step
from meshkit.erasure import UserChange, user_changes
from meshkit.faults import OutOfRange
from meshkit.testing.rpc import served
from meshkit.ulids import new_id

ADA, GONE = new_id(), new_id()


class Users(UserInternalServiceServicer):
    """An identity whose feed tells a sign-in, a change, an erasure and nothing, and then fails."""

    async def WatchUsers(
        self, request: pb.WatchUsersRequest, context: Any
    ) -> AsyncIterator[pb.WatchUsersResponse]:
        step = pb.WatchUsersResponse
        changed, erased = step.UserChanged(), step.UserErased(user_id=GONE)
        changed.user.user_id, changed.user.username = ADA, request.resume_token
        yield step(session_revoked=step.SessionRevoked(sid="s"))
        yield step(resume_token="t1", user_changed=changed)
        yield step(resume_token="t2", user_erased=erased)
        yield step(resume_token="t3")
        raise OutOfRange("too old")


async def test_the_feed_tells_of_users_and_moves_on_over_the_rest(tmp_path: Path) -> None:
    registered = (add_UserInternalServiceServicer_to_server, Users())  # type: ignore[abstract]
    async with served(tmp_path, registered, workload="identity") as mesh:
        channel = mesh.client_channel("playlist", serves_as="identity")
        steps = list[Step[UserChange]]()
        with pytest.raises(OutOfRange):
            async for step in user_changes(UserInternalServiceStub(channel))("t0"):
                steps.append(step)
    assert steps == [
        Step(""),
        Step("t1", UserChange(ADA, "t0")),
        Step("t2", UserChange(GONE, None)),
        Step("t3"),
    ]
