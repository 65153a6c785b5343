"""Between the domain and the messages of the contract."""

from __future__ import annotations

from datetime import UTC

from segue.identity.v1 import identity_internal_service_pb2 as internal_pb
from segue.identity.v1 import identity_pb2
from segue.identity.v1 import identity_service_pb2 as pb
from segue.identity.v1.person_pb2 import Person

from edge.identity.domain.events import SessionRevoked, UserChanged, UserErased, UserEvent
from edge.identity.domain.plans import Plan, Tier, plan_of
from edge.identity.domain.tokens import AccessToken
from edge.identity.domain.users import PlanPeriod, User
from meshkit.faults import InvalidArgument
from meshkit.timestamps import timestamp_of

_SUBSCRIPTION = identity_pb2.User.SubscriptionType
_TO_WIRE = {Tier.FREE: _SUBSCRIPTION.FREE, Tier.PREMIUM: _SUBSCRIPTION.PREMIUM}
_FROM_WIRE = {wire: tier for tier, wire in _TO_WIRE.items()}


def tier_or_none(wire: identity_pb2.User.SubscriptionType.ValueType) -> Tier | None:
    """The tier of a request, None for unspecified."""
    if wire == _SUBSCRIPTION.SUBSCRIPTION_TYPE_UNSPECIFIED:
        return None
    return _FROM_WIRE[wire]


def user(found: User) -> identity_pb2.User:
    """The message for a user."""
    return identity_pb2.User(
        user_id=found.user_id,
        username=found.username,
        email=found.email or "",
        subscription_type=_TO_WIRE[found.tier],
        monthly_data_limit_gb=plan_of(found.tier).monthly_data_limit_gb,
        created_at=timestamp_of(found.created_at),
        plan_ends_at=timestamp_of(found.plan_ends_at) if found.plan_ends_at else None,
    )


def plan_period(request: pb.SetPlanRequest) -> PlanPeriod:
    """The plan of a request; raises ``InvalidArgument`` on ``ends_at`` for no moment in time."""
    ends_at = None
    if request.HasField("ends_at"):
        try:
            ends_at = request.ends_at.ToDatetime(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise InvalidArgument.field("ends_at", "is no moment of the years 1 to 9999") from None
    return PlanPeriod(_FROM_WIRE[request.subscription_type], ends_at)


def person(found: User) -> Person:
    """What others may know of a user."""
    return Person(user_id=found.user_id, username=found.username)


def plan(row: Plan) -> identity_pb2.Plan:
    """The message for a row of the tier table."""
    return identity_pb2.Plan(
        subscription_type=_TO_WIRE[row.tier],
        rungs=row.rungs,
        premium_tracks=row.premium_tracks,
        monthly_data_limit_gb=row.monthly_data_limit_gb,
        offline_tracks=row.offline_tracks,
        offline_storage_gb=row.offline_storage_gb,
        skips_per_window=row.skips_per_window,
    )


def issued(token: AccessToken) -> internal_pb.IssueLocalTokenResponse:
    """The answer that carries a token."""
    return internal_pb.IssueLocalTokenResponse(
        access_token=token.encoded,
        expires_at=timestamp_of(token.claims.expires_at),
        user_id=token.claims.subject,
        scopes=token.claims.scopes,
    )


def step(resume_token: str, event: UserEvent | None) -> internal_pb.WatchUsersResponse:
    """One step of a watch; without an event only the token moved on."""
    answer = internal_pb.WatchUsersResponse(resume_token=resume_token)
    match event:
        case UserChanged(user=changed):
            answer.user_changed.user.CopyFrom(user(changed))
        case UserErased(user_id=user_id, forget_at=forget_at):
            answer.user_erased.user_id = user_id
            answer.user_erased.forget_at.FromDatetime(forget_at)
        case SessionRevoked(sid=sid, forget_at=forget_at):
            answer.session_revoked.sid = sid
            answer.session_revoked.forget_at.FromDatetime(forget_at)
        case None:
            pass
    return answer
