"""Identity's revocations, for the verifier of access tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.identity.v1 import identity_service_pb2 as pb
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc

from meshkit.revocations import RevocationStep
from meshkit.status import remote_faults

SERVICE = pb.DESCRIPTOR.services_by_name["UserService"]


class IdentityRevocations:
    """A ``meshkit.revocations.Watch`` over identity's own feed."""

    def __init__(self, stub: pb_grpc.UserServiceStub) -> None:
        self._stub = stub

    async def __call__(self, resume_token: str, /) -> AsyncIterator[RevocationStep]:
        """See ``Watch``."""
        request = pb.WatchUsersRequest(resume_token=resume_token)
        with remote_faults():
            async for step in self._stub.WatchUsers(request):
                revoked = step.session_revoked
                forget_at = revoked.forget_at.ToNanoseconds() / 1e9
                yield RevocationStep(step.resume_token, revoked.sid, forget_at)
