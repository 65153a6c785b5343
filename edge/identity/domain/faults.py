"""Failures of identity's own."""

from __future__ import annotations

from typing import Literal

from meshkit.faults import AlreadyExists

UniqueField = Literal["username", "email"]
"""The fields of a user that nobody else may have."""


class UserExists(AlreadyExists):
    """The username or e-mail address belongs to someone else; ``field`` says which."""

    default_reason = "USER_EXISTS"

    def __init__(self, field: UniqueField) -> None:
        words = {"username": "The username is taken.", "email": "The e-mail address is taken."}
        super().__init__(words[field], metadata={"field": field})
        self.field = field
