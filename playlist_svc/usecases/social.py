"""Following people and artists, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.idempotency import RequestKey
from playlist_svc.domain.refusals import no_such_user
from playlist_svc.domain.social import Audience, Circle, ConnectionPage, Kind, Relation
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.social import Artists, SocialStore

Key = tuple[int, str]
"""A place in a list: a time in Unix microseconds, and an id."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A part of a list, and the names of the people in it as far as they are known."""

    page: ConnectionPage
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user stands to another one; counts are None where the other one hides them."""

    relation: Relation
    username: str
    follower_count: int | None
    following_count: int | None


class Social:
    """Who follows whom. A user who is blocked finds nothing of who blocks them."""

    def __init__(self, store: SocialStore, people: People, artists: Artists, clock: Clock) -> None:
        self._store = store
        self._people = people
        self._artists = artists
        self._clock = clock

    async def follow(
        self,
        user_id: str,
        user_ids: Sequence[str],
        artist_ids: Sequence[str],
        key: RequestKey | None = None,
    ) -> int:
        """Follow people and artists; how many were not followed before.

        Raises InvalidArgument for oneself, NotFound naming the first that there is not, and what
        ``SocialStore.follow`` raises.
        """
        if user_id in user_ids:
            raise InvalidArgument.field("user_ids", "must not be yourself")
        # A retry is answered whatever became of those it names since.
        answered = await self._store.answered(key)
        if answered is not None:
            return answered
        people, wanted = list(dict.fromkeys(user_ids)), list(dict.fromkeys(artist_ids))
        await existing(self._people, people)
        known = await self._artists.existing(wanted) if wanted else {}
        artists = [known[artist_id] for artist_id in wanted]
        return await self._store.follow(user_id, people, artists, self._clock(), key)

    async def unfollow(
        self,
        user_id: str,
        user_ids: Sequence[str],
        artist_ids: Sequence[str],
        key: RequestKey | None = None,
    ) -> int:
        """Follow people and artists no longer; how many were followed."""
        return await self._store.unfollow(user_id, set(user_ids), set(artist_ids), key)

    async def following(
        self, user_id: str, kind: Kind | None, after: Key | None, limit: int
    ) -> Connections:
        """Whom the user follows, the latest first."""
        return await self._named(
            await self._store.following(user_id, kind, after, limit, reader_id=user_id)
        )

    async def followers(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """Who follows the user, the latest first."""
        return await self._named(
            await self._store.followers(user_id, after, limit, reader_id=user_id)
        )

    async def following_of(
        self, reader_id: str, user_id: str, kind: Kind | None, after: Key | None, limit: int
    ) -> Connections:
        """Whom another user follows. Raises NotFound, PermissionDenied (kept private)."""
        standing = await self.relation(reader_id, user_id)
        if standing.following_count is None:
            raise PermissionDenied("This user keeps private whom they follow.")
        return await self._named(
            await self._store.following(user_id, kind, after, limit, reader_id=reader_id)
        )

    async def followers_of(
        self, reader_id: str, user_id: str, after: Key | None, limit: int
    ) -> Connections:
        """Who follows another user. Raises NotFound, PermissionDenied (kept private)."""
        standing = await self.relation(reader_id, user_id)
        if standing.follower_count is None:
            raise PermissionDenied("This user keeps private who follows them.")
        return await self._named(
            await self._store.followers(user_id, after, limit, reader_id=reader_id)
        )

    async def relation(self, user_id: str, other_id: str) -> Standing:
        """How the user stands to the other one; NotFound for one who blocks the user."""
        username = (await existing(self._people, [other_id]))[other_id]
        relation = await self._store.relation(user_id, other_id)
        if relation.blocked_by:
            raise no_such_user(other_id)
        oneself = user_id == other_id
        shows_followers = oneself or relation.admits(relation.audience.followers)
        shows_following = oneself or relation.admits(relation.audience.following)
        return Standing(
            relation,
            username,
            relation.follower_count if shows_followers else None,
            relation.following_count if shows_following else None,
        )

    async def friends(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """The people whom the user follows; nobody follows who is blocked either way."""
        return await self.following(user_id, Kind.USER, after, limit)

    async def audience(self, user_id: str) -> Audience:
        """Who may see what of the user."""
        return await self._store.audience(user_id)

    async def set_audience(
        self,
        user_id: str,
        following: Circle | None,
        followers: Circle | None,
        key: RequestKey | None = None,
    ) -> Audience:
        """Change what is given; what holds now."""
        return await self._store.set_audience(user_id, following, followers, key)

    async def erase(self, user_id: str) -> None:
        """Forget all about the user, on both ends of every relation. Repeatable."""
        await self._store.erase(user_id)

    async def _named(self, page: ConnectionPage) -> Connections:
        people = [one.target_id for one in page.found if one.kind is Kind.USER]
        return Connections(page, await self._people.names(people))


async def existing(people: People, user_ids: Sequence[str]) -> Mapping[str, str]:
    """The users' names. Raises NotFound in the words that also hide who blocks the asking user."""
    if not user_ids:
        return {}
    try:
        return await people.existing(user_ids)
    except NotFound as fault:
        raise no_such_user(fault.metadata["id"]) from None
