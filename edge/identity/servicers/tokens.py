"""TokenService on the wire."""

from __future__ import annotations

from segue.identity.v1 import identity_service_pb2 as pb
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc

from edge.identity.usecases.token import RevokeSession
from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context


class TokenServicer(pb_grpc.TokenServiceServicer):
    """Access tokens."""

    def __init__(self, revoke_session: RevokeSession) -> None:
        self._revoke_session = revoke_session

    async def RevokeSession(
        self, request: pb.RevokeSessionRequest, context: Context
    ) -> pb.RevokeSessionResponse:
        """Revokes the sign-in of the token that this call carries."""
        principal = current_principal()
        # Which sign-in it is about stands in the token alone. An id that another one used must not
        # answer that this one was ended.
        key = request_key(request, beside=principal.sid)
        await self._revoke_session(sid=principal.sid, user_id=principal.user_id, key=key)
        return pb.RevokeSessionResponse()
