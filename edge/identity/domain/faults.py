"""Failures of identity's own."""

from __future__ import annotations

from typing import Literal

from edge.identity.domain.plans import Tier
from meshkit.faults import (
    AlreadyExists,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)

UniqueField = Literal["username", "email"]
"""The fields of a user that nobody else may have."""


class UserExists(AlreadyExists):
    """The username or e-mail address belongs to someone else; ``field`` says which."""

    default_reason = "USER_EXISTS"

    def __init__(self, field: UniqueField) -> None:
        words = {"username": "The username is taken.", "email": "The e-mail address is taken."}
        super().__init__(words[field], metadata={"field": field})
        self.field = field


class CommonPassword(InvalidArgument):
    """The password is among those that are guessed first."""

    default_reason = "COMMON_PASSWORD"

    def __init__(self) -> None:
        words = "is one of the commonest passwords, which are guessed first; choose another"
        super().__init__(
            f"password: {words}",
            metadata={"field": "password"},
            violations=(FieldViolation("password", words),),
        )


class LastAdmin(FailedPrecondition):
    """The user is the only administrator that is left, and is not erased."""

    default_reason = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("The last administrator cannot be erased.")


class OnAnotherPlan(FailedPrecondition):
    """The user is on the plan ``tier`` and not on the one that was asked for."""

    default_reason = "ON_ANOTHER_PLAN"

    def __init__(self, tier: Tier) -> None:
        super().__init__(
            f"The user is on the {tier.value} plan.",
            metadata={"subscription_type": tier.name},
        )
        self.tier = tier


def unknown_user_error(name: str) -> NotFound:
    """The fault for a user, by id or name, whom there is not."""
    return NotFound("There is no such user.", metadata={"resource": "user", "id": name})


def too_many_sign_ups_error(retry_after_s: float) -> ResourceExhausted:
    """The fault for an address that has made all its sign-ups for now."""
    return ResourceExhausted(
        "Too many users were signed up from this address.",
        metadata={"limit": "sign_ups_per_address"},
        retry_after_s=retry_after_s,
    )
