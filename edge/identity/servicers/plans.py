"""PlanService on the wire."""

from __future__ import annotations

from segue.identity.v1 import identity_service_pb2 as pb
from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc

from edge.identity import convert
from edge.identity.usecases.plan import list_plans
from meshkit.server_context import Context


class PlanServicer(pb_grpc.PlanServiceServicer):
    """Plans."""

    async def ListPlans(
        self, request: pb.ListPlansRequest, context: Context
    ) -> pb.ListPlansResponse:
        """The tier table."""
        return pb.ListPlansResponse(plans=[convert.plan(row) for row in list_plans()])
