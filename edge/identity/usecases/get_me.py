"""Read the signed-in user."""

from __future__ import annotations

from edge.identity.domain.users import User
from edge.identity.ports import Accounts
from meshkit.faults import NotFound


class GetMe:
    """Reads the account behind a token."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def __call__(self, user_id: str) -> User:
        """The user; raises ``NotFound`` when the account was erased after the token was issued."""
        user = await self._accounts.find(user_id)
        if user is None:
            raise NotFound("There is no such user.", metadata={"resource": "user", "id": user_id})
        return user
