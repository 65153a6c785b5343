"""Find other people: by the name that they go by, or by ids that a service kept."""

from __future__ import annotations

from collections.abc import Sequence

from edge.identity.domain.users import User, parse_lookup
from edge.identity.ports import Accounts
from meshkit.faults import InvalidArgument, NotFound
from meshkit.ulids import is_ulid

BATCH_LIMIT = 500
"""The most users in one question."""


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
        """The users that there are, in no order.

        Raises ``InvalidArgument`` on ``user_ids`` for more than 500, or what is no ULID.
        """
        if len(user_ids) > BATCH_LIMIT:
            raise InvalidArgument.field("user_ids", f"must be at most {BATCH_LIMIT}")
        if not all(map(is_ulid, user_ids)):
            raise InvalidArgument.field("user_ids", "must be ULIDs: 26 upper-case characters")
        return await self._accounts.find_many(user_ids)
