"""Identity's users as its service tells them, over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segue.identity.v1 import identity_service_pb2
from segue.identity.v1.identity_service_pb2_grpc import UserServiceStub

from meshkit.deadline import budget
from meshkit.status import remote_faults
from playlist_svc.adapters.ulids import ulids

USERS = identity_service_pb2.DESCRIPTOR.services_by_name["UserService"]

_BATCH = 500
_BATCH_S = 1.0


class IdentityService:
    """An ``Identity`` that asks the identity service."""

    def __init__(self, stub: UserServiceStub) -> None:
        self._stub = stub

    async def names(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        asked = ulids(user_ids)
        names: dict[str, str] = {}
        for at in range(0, len(asked), _BATCH):
            request = identity_service_pb2.BatchGetUsersRequest(user_ids=asked[at : at + _BATCH])
            with remote_faults():
                answer = await self._stub.BatchGetUsers(request, timeout=budget(_BATCH_S))
            names.update((user.user_id, user.username) for user in answer.users)
        return names
