"""What identity tells of plans and sign-ins."""

from __future__ import annotations

from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.identity.v1.identity_pb2 import User

from meshkit.consuming import Watch, watching
from playback_svc.ports.accounts import AccountChange, PlanSet, SignedOut


def account_changes(stub: UserInternalServiceStub) -> Watch[AccountChange]:
    """A ``Watch`` over identity's feed of users; it lists the sign-ins that are revoked."""
    return watching(stub.WatchUsers, pb.WatchUsersRequest, _change_of)


def _change_of(step: pb.WatchUsersResponse) -> AccountChange | None:
    if step.HasField("session_revoked"):
        return SignedOut(step.session_revoked.sid)
    user = step.user_changed.user
    # A newer identity may know plans that this version does not.
    if user.subscription_type in User.SubscriptionType.values() and user.user_id:
        tier = User.SubscriptionType.Name(user.subscription_type).lower()
        return PlanSet(user.user_id, tier)
    return None
