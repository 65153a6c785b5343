"""Links of playlists, who has blocked whom, and how often strangers may try."""

from __future__ import annotations

from typing import Protocol

from playlist_svc.domain.sharing import Share
from playlist_svc.ports.playlists import Writing


class ShareStore(Protocol):
    """The truth about links. A code is known here by its SHA-256 alone.

    What takes a ``Writing`` happens with the playlist held: it must be stored with what is
    decided there, all or nothing, and must see what every earlier decision about the playlist did.
    """

    async def find(self, code_sha256: bytes) -> Share | None:
        """The link of a code, in force or not; None for an unknown code."""
        ...

    async def get(self, share_id: str) -> Share | None:
        """A link by its id; None for an unknown one."""
        ...

    async def of_playlist(
        self, playlist_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[Share]:
        """At most ``limit`` links after (created_at_ms, share_id), by falling key."""
        ...

    async def add(self, writing: Writing, share: Share, code_sha256: bytes) -> None:
        """Store a new link of the held playlist.

        Must raise FailedPrecondition (COLLECTION_FULL) when ``MOST_LINKS`` of the playlist are in
        force at ``share.created_at_ms``.
        """
        ...

    async def held(self, writing: Writing, share_id: str) -> Share | None:
        """A link of the held playlist as it is now; None for an unknown one and for another's."""
        ...

    async def revoke(self, writing: Writing, share_id: str, now_ms: int) -> bool:
        """Revoke a link of the held playlist; one that is revoked already keeps its time.

        False when the playlist has no such link.
        """
        ...

    async def count_accepted(self, writing: Writing, share_id: str, user_id: str) -> None:
        """Count a user who became a collaborator by a link of the held playlist.

        Must count each user once, however often the user leaves and comes back.
        """
        ...

    async def has_accepted(self, writing: Writing, share_id: str, user_id: str) -> bool:
        """Whether a user became a collaborator by this link of the held playlist before."""
        ...

    async def erase(self, user_id: str) -> None:
        """Forget which links a user accepted; their counts stay. Repeatable."""
        ...


class Blocks(Protocol):
    """Who has blocked whom."""

    async def between(self, one: str, other: str) -> bool:
        """Whether either of two users has blocked the other, by what was acknowledged before."""
        ...


class AttemptLimiter(Protocol):
    """How often someone may try within a minute: ``MOST_ATTEMPTS`` times. Fails OPEN.

    A try that is refused does not count. ``who`` is told apart and never kept as it is.
    """

    async def begin(self, who: str, now_ms: int) -> int:
        """Count a try; 0 when it may be made, else in how many milliseconds another one may."""
        ...

    async def failed(self, who: str, now_ms: int) -> None:
        """Count a try once more, for it met a wrong code."""
        ...


MOST_ATTEMPTS = 60
"""Attempts of one address or user within ``ATTEMPT_WINDOW_MS``."""
ATTEMPT_WINDOW_MS = 60_000
