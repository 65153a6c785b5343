"""Following, blocking and privacy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.idempotency import RequestKey
from playlist_svc.domain.collection_changes import ItemChanged
from playlist_svc.domain.social import (
    Artist,
    ArtistFollowers,
    Audience,
    Block,
    Circle,
    ConnectionKind,
    ConnectionPage,
    Relation,
)
from playlist_svc.ports.playlists import Writing


class Artists(Protocol):
    """Artists, as the catalogue knows them."""

    async def require(self, artist_ids: Sequence[str]) -> Mapping[str, Artist]:
        """All of the artists; NotFound (metadata: resource "artist", id) for the first that does
        not exist."""
        ...


class SocialStore(Protocol):
    """The truth about who follows and blocks whom. No acknowledged write may be lost.

    All counts must be exact, however many write at once. Every change of an artist's followers must
    appear in the service's change feed, in the same transaction (entity "artist_followers", UPSERT,
    JSON of artist_id, name and followers_count). An equal ``key`` must give the answer of the first
    time and write nothing (``meshkit.idempotency.AnswerStore``).
    """

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        """What a write with an equal key answered (0 for those that count nothing); None where
        there was none. Promises nothing of the next moment. Raises InvalidArgument
        (REQUEST_ID_REUSED)."""
        ...

    async def follow(
        self,
        user_id: str,
        people: Sequence[str],
        artists: Sequence[Artist],
        now_ms: int,
        key: RequestKey | None = None,
    ) -> int:
        """Follow those who are not followed yet; how many these were. All or nothing.

        Raises PermissionDenied (USER_BLOCKED) for people whom the user blocks, NotFound (as for an
        unknown user) for people who block the user, and FailedPrecondition (COLLECTION_FULL,
        metadata: limit) when the user would follow more than ``MOST_FOLLOWED``.
        """
        ...

    async def unfollow(
        self,
        user_id: str,
        people: Collection[str],
        artists: Collection[str],
        key: RequestKey | None = None,
    ) -> int:
        """Follow them no longer; how many were followed."""
        ...

    async def following(
        self,
        user_id: str,
        kind: ConnectionKind | None,
        after: tuple[int, str] | None,
        limit: int,
        *,
        reader_id: str,
    ) -> ConnectionPage:
        """Whom the user follows (None: every kind), as ``reader_id`` sees it.

        At most ``limit`` by falling (time in µs, id), those after the key ``after``; without those
        who block the reader.
        """
        ...

    async def followers(
        self, user_id: str, after: tuple[int, str] | None, limit: int, *, reader_id: str
    ) -> ConnectionPage:
        """Who follows the user, like ``following``."""
        ...

    async def relation(self, user_id: str, other_id: str) -> Relation:
        """How the user stands to the other one."""
        ...

    async def block(
        self, user_id: str, blocked_id: str, now_ms: int, key: RequestKey | None = None
    ) -> None:
        """Block a user and end following both ways; who is blocked already keeps the time.

        Raises FailedPrecondition (COLLECTION_FULL, metadata: limit) when the user would block more
        than ``MOST_BLOCKED``.
        """
        ...

    async def unblock(self, user_id: str, blocked_id: str, key: RequestKey | None = None) -> None:
        """Block a user no longer."""
        ...

    async def blocks(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Block]:
        """At most ``limit`` blocked users by falling (time in µs, id), after the key ``after``."""
        ...

    async def audience(self, user_id: str) -> Audience:
        """Who may see what of the user; the default for one who never said."""
        ...

    async def set_audience(
        self,
        user_id: str,
        following: Circle | None,
        followers: Circle | None,
        key: RequestKey | None = None,
    ) -> Audience:
        """Change what is given; what holds now."""
        ...

    async def artists_with_followers(self, after: str, limit: int) -> Sequence[ArtistFollowers]:
        """At most ``limit`` artists by rising id, those after the id ``after`` (empty: the first).

        Also those whose last follower left, whose count is 0: a reader may know an older one.
        """
        ...

    async def followed_artists(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        """At most ``limit`` artists that users follow, by rising (user, artist), after ``after``.

        That a user follows an artist, or no longer, must appear in the service's change feed, in
        the same transaction (``domain.collection_changes``), with versions that rise in the order
        of the user's changes.
        """
        ...

    async def erase(self, user_id: str) -> None:
        """Forget all about the user, on both ends of every relation. Repeatable."""
        ...


@dataclass(frozen=True, slots=True)
class Affiliation:
    """A user who has a role in a playlist or follows it."""

    playlist_id: str
    user_id: str


class Affiliations(Protocol):
    """What ties users to each other's playlists."""

    async def between(self, one_id: str, other_id: str) -> Sequence[Affiliation]:
        """Where one of the two has a role in a playlist of the other, or follows it.

        By rising playlist id; deleted playlists too, since they can be recovered.
        """
        ...


class AffiliationRemover(Protocol):
    """What of ``PlaylistStore`` is needed to end a tie; see there."""

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        """Hold the playlist, decide, store."""
        ...

    async def unfollow(self, playlist_id: str, user_id: str) -> None:
        """Have the user follow no longer."""
        ...
