"""UserInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceServicer

from edge.identity import convert
from edge.identity.usecases.user_internal import LookupUsers, WatchUsers
from meshkit.server_context import Context
from meshkit.streams import OpenStreams


class UserInternalServicer(UserInternalServiceServicer):
    """Accounts, for the services that keep ids of them."""

    def __init__(
        self, lookup_users: LookupUsers, watch_users: WatchUsers, *, streams: OpenStreams
    ) -> None:
        self._lookup_users = lookup_users
        self._watch_users = watch_users
        self._streams = streams

    async def LookupUsers(
        self, request: pb.LookupUsersRequest, context: Context
    ) -> pb.LookupUsersResponse:
        """Users by id, for other services."""
        found = await self._lookup_users(request.user_ids)
        return pb.LookupUsersResponse(users=[convert.person(user) for user in found])

    def WatchUsers(
        self, request: pb.WatchUsersRequest, context: Context
    ) -> AsyncIterator[pb.WatchUsersResponse]:
        """Changes of users and revocations of sign-ins."""
        return self._streams.feed(
            pb.WatchUsersResponse,
            partial(self._watch_users, tell_erased=request.tell_erased),
            convert.step,
            resume_token=request.resume_token,
        )
