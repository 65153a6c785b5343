"""Users whom a call names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshkit.faults import NotFound
from playlist_svc.domain.refusals import unknown_user_error
from playlist_svc.ports.people import People


async def require_users(people: People, user_ids: Sequence[str]) -> Mapping[str, str]:
    """The users' names. Raises NotFound in the words that also hide who blocks the asking user."""
    if not user_ids:
        return {}
    try:
        return await people.require(user_ids)
    except NotFound as fault:
        raise unknown_user_error(fault.metadata["id"]) from None
