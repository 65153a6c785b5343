"""The plans as identity tells them, over gRPC."""

from __future__ import annotations

import asyncio

import structlog
from segue.identity.v1 import identity_internal_service_pb2, identity_pb2, identity_service_pb2
from segue.identity.v1.identity_service_pb2_grpc import PlanServiceStub

from meshkit.deadline import budget
from meshkit.faults import Fault, Unavailable
from playback_svc.domain.plans import Plan

_PLANS_S = 2.0
_REFRESH_S = 300.0
_RETRY_S = 0.5
_FIRST_PLANS_S = 3.0

_log = structlog.get_logger("playback")


class CachedPlans:
    """``Plans`` that are read in the background and kept while identity is away."""

    def __init__(self, stub: PlanServiceStub) -> None:
        self._stub = stub
        self._plans: dict[str, Plan] = {}
        self._arrived = asyncio.Event()

    async def run(self) -> None:
        """Keep the table fresh until cancelled."""
        while True:
            try:
                await self._refresh()
                wait_s = _REFRESH_S
            except Fault as fault:
                _log.warning("plans not read", reason=fault.reason)
                wait_s = _RETRY_S
            await asyncio.sleep(wait_s)

    async def _refresh(self) -> None:
        request = identity_service_pb2.ListPlansRequest()
        answer = await self._stub.ListPlans(request, timeout=_PLANS_S)
        # A newer identity may know plans that this version does not.
        known = (plan for plan in answer.plans if plan.subscription_type in _TIERS)
        self._plans = {plan.tier: plan for plan in map(_plan, known)}
        self._arrived.set()

    async def plan(self, tier: str) -> Plan:
        """See the port. The first caller waits for the table within its own deadline."""
        if not self._arrived.is_set():
            try:
                async with asyncio.timeout(budget(_FIRST_PLANS_S)):
                    await self._arrived.wait()
            except TimeoutError:
                raise Unavailable("The plans cannot be read now.") from None
        if tier not in self._plans:
            raise Unavailable("The plan of this token is not known here yet.")
        return self._plans[tier]


def _plan(plan: identity_pb2.Plan) -> Plan:
    tier = identity_pb2.User.SubscriptionType.Name(plan.subscription_type).lower()
    skips = plan.skips_per_window if plan.HasField("skips_per_window") else None
    return Plan(tier, frozenset(plan.rungs), plan.premium_tracks, skips)


_TIERS = identity_pb2.User.SubscriptionType.values()
USERS = identity_internal_service_pb2.DESCRIPTOR.services_by_name["UserInternalService"]
PLANS = identity_service_pb2.DESCRIPTOR.services_by_name["PlanService"]
