"""TokenInternalService on the wire."""

from __future__ import annotations

import json

import structlog
from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import TokenInternalServiceServicer

from edge.identity import convert
from edge.identity.usecases.token_internal import GetKeySet, IssueLocalToken
from meshkit.server_context import Context

_log = structlog.get_logger("identity")


class TokenInternalServicer(TokenInternalServiceServicer):
    """Access tokens for local users, and the keys that verify any."""

    def __init__(self, get_key_set: GetKeySet, issue_local_token: IssueLocalToken) -> None:
        self._get_key_set = get_key_set
        self._issue_local_token = issue_local_token

    async def GetKeySet(
        self, request: pb.GetKeySetRequest, context: Context
    ) -> pb.GetKeySetResponse:
        """The keys that verify access tokens."""
        return pb.GetKeySetResponse(key_set=json.dumps(self._get_key_set()))

    async def IssueLocalToken(
        self, request: pb.IssueLocalTokenRequest, context: Context
    ) -> pb.IssueLocalTokenResponse:
        """Issues a token for a local user; the contract lets the operator's workload alone in."""
        token = await self._issue_local_token(
            request.username,
            tier=convert.tier_or_none(request.subscription_type),
            admin=request.admin,
        )
        # Who was given the keys of the house must be told from the log.
        _log.info(
            "local token issued",
            user_id=token.claims.subject,
            sid=token.claims.sid,
            admin=request.admin,
        )
        return convert.issued(token)
