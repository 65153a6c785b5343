"""Links to playlists: what they give, how long they hold, and the secret that opens them."""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass

from meshkit.faults import NotFound, PermissionDenied
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head

MOST_LINKS = 100
"""Links of one playlist that are in force at a time."""
INVITATION_S = 604_800
"""How long an invitation holds unless it says otherwise, in seconds."""
PREVIEWED_TRACKS = 20
CODE_LENGTH = 22
"""So many characters of 62 are 130 random bits."""

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Share:
    """A link, without its code. Times in Unix milliseconds.

    ``role`` is what accepting gives; None for a link that only shows. ``expires_at_ms`` is None
    when it does not end by itself, ``revoked_at_ms`` when it was not revoked. ``accepted_count`` is
    how often someone without a role got one through it.
    """

    share_id: str
    playlist_id: str
    role: Role | None
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    accepted_count: int = 0

    def in_force(self, now_ms: int) -> bool:
        """Whether it has neither been revoked nor come to its end."""
        expired = self.expires_at_ms is not None and self.expires_at_ms <= now_ms
        return self.revoked_at_ms is None and not expired

    def opens(self, head: Head, now_ms: int) -> bool:
        """Whether it leads to the playlist as it is: an invitation does whatever the visibility."""
        hidden = self.role is None and head.visibility is Visibility.PRIVATE
        return self.in_force(now_ms) and head.deleted_at_ms is None and not hidden


def new_code() -> str:
    """The secret part of a new link."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def digest(code: str) -> bytes:
    """What is kept of a code: as random as the code is, so that a plain hash is enough."""
    return hashlib.sha256(code.encode()).digest()


class ShareInvalid(NotFound):
    """The link is unknown, has ended, or leads to what it may not show; which one is not told."""

    default_reason = "SHARE_INVALID"

    def __init__(self) -> None:
        super().__init__("The link leads nowhere: it is unknown, has ended, or was revoked.")


class UserBlocked(PermissionDenied):
    """One of two users has blocked the other; who blocked whom is not told."""

    default_reason = "USER_BLOCKED"

    def __init__(self) -> None:
        super().__init__("One of the two has blocked the other.")
