"""Following people and artists, blocking them, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.idempotency import RequestKey
from playlist_svc.domain.library import SavedPage
from playlist_svc.domain.members import without_member
from playlist_svc.domain.refusals import unknown_user_error
from playlist_svc.domain.social import (
    Artist,
    Audience,
    Block,
    Circle,
    ConnectionKind,
    ConnectionPage,
    Relation,
)
from playlist_svc.ports.catalogue_names import CatalogueNames
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.library import UserCollection
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.social import (
    Affiliation,
    AffiliationRemover,
    Affiliations,
    Artists,
    SocialStore,
)
from playlist_svc.usecases.known_users import require_users

Key = tuple[int, str]
"""A place in a list: a time in Unix microseconds, and an id."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A part of a list, and the names of the people in it as far as they are known."""

    page: ConnectionPage
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RelationView:
    """How a user stands to another one; counts are None where the other one hides them."""

    relation: Relation
    username: str
    follower_count: int | None
    following_count: int | None


@dataclass(frozen=True, slots=True)
class BlockedUsers:
    """A part of a user's blocks, and the names of the blocked as far as they are known."""

    found: Sequence[Block]
    names: Mapping[str, str]


class Social:
    """Who follows whom. A user who is blocked finds nothing of who blocks them."""

    def __init__(
        self,
        store: SocialStore,
        people: People,
        artists: Artists,
        names: CatalogueNames,
        clock: Clock,
    ) -> None:
        self._store = store
        self._people = people
        self._artists = artists
        self._names = names
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
        answered = await self._store.stored_answer(key)
        if answered is not None:
            return answered
        people, wanted = list(dict.fromkeys(user_ids)), list(dict.fromkeys(artist_ids))
        await require_users(self._people, people)
        known = await self._artists.require(wanted) if wanted else {}
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

    async def list_following(
        self, user_id: str, kind: ConnectionKind | None, after: Key | None, limit: int
    ) -> Connections:
        """Whom the user follows, the latest first."""
        return await self._named(
            await self._store.following(user_id, kind, after, limit, reader_id=user_id)
        )

    async def list_followers(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """Who follows the user, the latest first."""
        return await self._named(
            await self._store.followers(user_id, after, limit, reader_id=user_id)
        )

    async def list_user_following(
        self,
        reader_id: str,
        user_id: str,
        kind: ConnectionKind | None,
        after: Key | None,
        limit: int,
    ) -> Connections:
        """Whom another user follows. Raises NotFound, PermissionDenied (kept private)."""
        view = await self.get_relation(reader_id, user_id)
        if view.following_count is None:
            raise PermissionDenied("This user keeps private whom they follow.")
        return await self._named(
            await self._store.following(user_id, kind, after, limit, reader_id=reader_id)
        )

    async def list_user_followers(
        self, reader_id: str, user_id: str, after: Key | None, limit: int
    ) -> Connections:
        """Who follows another user. Raises NotFound, PermissionDenied (kept private)."""
        view = await self.get_relation(reader_id, user_id)
        if view.follower_count is None:
            raise PermissionDenied("This user keeps private who follows them.")
        return await self._named(
            await self._store.followers(user_id, after, limit, reader_id=reader_id)
        )

    async def get_relation(self, user_id: str, other_id: str) -> RelationView:
        """How the user stands to the other one; NotFound for one who blocks the user."""
        username = (await require_users(self._people, [other_id]))[other_id]
        relation = await self._store.relation(user_id, other_id)
        if relation.blocked_by:
            raise unknown_user_error(other_id)
        oneself = user_id == other_id
        shows_followers = oneself or relation.admits(relation.audience.followers)
        shows_following = oneself or relation.admits(relation.audience.following)
        return RelationView(
            relation,
            username,
            relation.follower_count if shows_followers else None,
            relation.following_count if shows_following else None,
        )

    async def friends(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """The people whom the user follows; nobody follows who is blocked either way."""
        return await self.list_following(user_id, ConnectionKind.USER, after, limit)

    async def get_privacy(self, user_id: str) -> Audience:
        """Who may see what of the user."""
        return await self._store.audience(user_id)

    async def update_privacy(
        self,
        user_id: str,
        following: Circle | None,
        followers: Circle | None,
        key: RequestKey | None = None,
    ) -> Audience:
        """Change what is given; what holds now."""
        return await self._store.set_audience(user_id, following, followers, key)

    async def _named(self, page: ConnectionPage) -> Connections:
        people = [one.target_id for one in page.found if one.kind is ConnectionKind.USER]
        artists = [one.target_id for one in page.found if one.kind is ConnectionKind.ARTIST]
        known = await self._names.artists(artists)
        found = [
            replace(one, name=known[one.target_id].name) if one.target_id in known else one
            for one in page.found
        ]
        return Connections(replace(page, found=found), await self._people.names(people))


class UserBlocks:
    """Blocks users and ends what tied the two to each other.

    The block itself is one transaction and the first thing that is stored, so that from then on
    every check of access refuses. The roles in playlists end one by one after it: whoever was
    interrupted blocks again, by a retry too, which does what is left.
    """

    def __init__(
        self,
        store: SocialStore,
        people: People,
        affiliations: Affiliations,
        playlists: AffiliationRemover,
        clock: Clock,
    ) -> None:
        self._store = store
        self._people = people
        self._affiliations = affiliations
        self._playlists = playlists
        self._clock = clock

    async def block_user(
        self, user_id: str, blocked_id: str, key: RequestKey | None = None
    ) -> None:
        """Block a user. Raises InvalidArgument for oneself, NotFound, FailedPrecondition.

        Who is blocked by somebody can block them as well, or being blocked would give a right.
        """
        if user_id == blocked_id:
            raise InvalidArgument.field("user_id", "must not be yourself")
        if await self._store.stored_answer(key) is None:
            await require_users(self._people, [blocked_id])
        await self._store.block(user_id, blocked_id, self._clock(), key)
        if key and not (await self._store.relation(user_id, blocked_id)).blocking:
            # A retry that comes after the end of the block has nothing to cut.
            return
        for affiliation in await self._affiliations.between(user_id, blocked_id):
            await self._remove_affiliation(affiliation)

    async def _remove_affiliation(self, affiliation: Affiliation) -> None:
        await self._playlists.unfollow(affiliation.playlist_id, affiliation.user_id)
        # A playlist that was purged by now needs no cut.
        with suppress(NotFound):
            await self._playlists.write(
                affiliation.playlist_id, None, _Leaving(affiliation.user_id)
            )

    async def unblock_user(
        self, user_id: str, blocked_id: str, key: RequestKey | None = None
    ) -> None:
        """Block a user no longer."""
        await self._store.unblock(user_id, blocked_id, key)

    async def list_blocks(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> BlockedUsers:
        """Whom the user blocks, the latest first."""
        found = await self._store.blocks(user_id, after, limit)
        return BlockedUsers(found, await self._people.names([block.user_id for block in found]))


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The decision that a user has no role in a playlist any more."""

    user_id: str

    async def __call__(self, writing: Writing) -> bytes:
        writing.change(without_member(writing.head, self.user_id))
        return b""


class ArtistBlocks:
    """Blocks artists. It is a wish: what the user follows, saves and plays stays as it is."""

    def __init__(
        self,
        blocked: UserCollection[Artist],
        artists: Artists,
        names: CatalogueNames,
        clock: Clock,
    ) -> None:
        self._blocked = blocked
        self._names = names
        self._artists = artists
        self._clock = clock

    async def block_artist(self, user_id: str, artist_id: str, key: RequestKey | None) -> None:
        """Block an artist; who is blocked already keeps the time. NotFound, FailedPrecondition."""
        if await self._blocked.stored_answer(key) is not None:
            return
        artist = (await self._artists.require([artist_id]))[artist_id]
        await self._blocked.save(user_id, [artist], self._clock(), key)

    async def unblock_artist(self, user_id: str, artist_id: str, key: RequestKey | None) -> None:
        """Block an artist no longer."""
        await self._blocked.remove(user_id, [artist_id], self._clock(), key)

    async def list_blocked_artists(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> SavedPage[Artist]:
        """The blocked artists after a key (time in µs, id), the latest first, by today's names."""
        page = await self._blocked.page(user_id, after, limit)
        known = await self._names.artists([one.thing.artist_id for one in page.found])
        return page.with_things(lambda artist: known.get(artist.artist_id, artist))
