"""UserService on the wire."""

from __future__ import annotations

import structlog
from segue.identity.v1 import identity_service_pb2 as pb
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc

from edge.identity import convert
from edge.identity.usecases.user import CreateUser, EraseUser, GetMe, LookupUser, SetPlan, SignUp
from meshkit.client_address import client_address
from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context

# Before sign-up there is nobody yet: all strangers share one space of request ids.
_NOBODY = ""

_log = structlog.get_logger("identity")


class UserServicer(pb_grpc.UserServiceServicer):
    """Accounts."""

    def __init__(
        self,
        create_user: CreateUser,
        get_me: GetMe,
        lookup_user: LookupUser,
        *,
        set_plan: SetPlan,
        erase_user: EraseUser,
    ) -> None:
        self._create_user = create_user
        self._get_me = get_me
        self._lookup_user = lookup_user
        self._set_plan = set_plan
        self._erase_user = erase_user

    async def CreateUser(
        self, request: pb.CreateUserRequest, context: Context
    ) -> pb.CreateUserResponse:
        """Signs a new user up."""
        wanted = SignUp.parse(
            username=request.username, email=request.email, password=request.password
        )
        key = request_key(request, principal=_NOBODY, secrets=("password",))
        address = client_address(context.invocation_metadata() or ())
        created = await self._create_user(wanted, key, address=address)
        return pb.CreateUserResponse(user=convert.user(created))

    async def GetMe(self, request: pb.GetMeRequest, context: Context) -> pb.GetMeResponse:
        """The signed-in user."""
        return pb.GetMeResponse(user=convert.user(await self._get_me(current_principal().user_id)))

    async def LookupUser(
        self, request: pb.LookupUserRequest, context: Context
    ) -> pb.LookupUserResponse:
        """The user of a name."""
        found = await self._lookup_user(request.username)
        return pb.LookupUserResponse(user=convert.person(found))

    async def SetPlan(self, request: pb.SetPlanRequest, context: Context) -> pb.SetPlanResponse:
        """Puts a user on a plan."""
        period = convert.plan_period(request)
        changed = await self._set_plan(request.user_id, period, request_key(request))
        return pb.SetPlanResponse(user=convert.user(changed))

    async def EraseUser(
        self, request: pb.EraseUserRequest, context: Context
    ) -> pb.EraseUserResponse:
        """Erases a user for good."""
        await self._erase_user(request.user_id, request_key(request))
        # Who did what cannot be undone must be told from the log.
        _log.info("user erased", user_id=request.user_id, by=current_principal().user_id)
        return pb.EraseUserResponse()
