"""What each user listened to, saved and blocked, a second or so after they did."""

from __future__ import annotations

from typing import Protocol

from rec_svc.domain.listening import Taste


class Listening(Protocol):
    """What is known of users' listening; of one who is unknown or erased: nothing."""

    async def taste(self, user_id: str) -> Taste:
        """What recommendations for the user go by."""
        ...

    async def heard_since(self, user_id: str, since_ms: int) -> frozenset[str]:
        """ULIDs of the tracks that the user began since then, in Unix milliseconds, counted or
        not."""
        ...
