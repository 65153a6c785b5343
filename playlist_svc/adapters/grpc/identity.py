"""Identity's users as its service tells them, over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub

from meshkit.ulids import is_ulid

USERS = pb.DESCRIPTOR.services_by_name["UserInternalService"]

_BATCH = 500
_BATCH_S = 1.0


class IdentityService:
    """An ``Identity`` that asks the identity service."""

    def __init__(self, stub: UserInternalServiceStub) -> None:
        self._stub = stub

    async def names(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        asked = list(filter(is_ulid, user_ids))
        names: dict[str, str] = {}
        for at in range(0, len(asked), _BATCH):
            request = pb.LookupUsersRequest(user_ids=asked[at : at + _BATCH])
            answer = await self._stub.LookupUsers(request, timeout=_BATCH_S)
            names.update((user.user_id, user.username) for user in answer.users)
        return names
