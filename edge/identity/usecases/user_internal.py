"""Find other people: by the name that they go by, or by ids that a service kept."""

from __future__ import annotations

from collections.abc import Sequence

from edge.identity.domain.users import User, parse_lookup
from edge.identity.ports import Accounts
from meshkit.faults import NotFound


class FindUsers:
    """Finds the accounts of others."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def named(self, username: str) -> User:
        """The user of a name, in any case; raises ``InvalidArgument`` or ``NotFound``."""
        name = parse_lookup(username)
        user = await self._accounts.find_named(name)
        if user is None:
            raise NotFound("There is no such user.", metadata={"resource": "user", "id": name})
        return user

    async def batch(self, user_ids: Sequence[str]) -> list[User]:
        """The users that there are, in no order."""
        return await self._accounts.find_many(user_ids)
