"""Following and blocking inside one process, for unit tests: under the suite of the real store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from meshkit.clock import now_ms
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey
from playlist_svc.adapters.codecs import social_changes
from playlist_svc.adapters.codecs.kept_answers import NOTHING, number
from playlist_svc.domain.collection_changes import FOLLOWED_ARTIST, ItemChanged, encode
from playlist_svc.domain.refusals import (
    collection_full_error,
    unknown_resource_error,
    unknown_user_error,
    user_blocked_error,
)
from playlist_svc.domain.social import (
    MOST_BLOCKED,
    MOST_FOLLOWED,
    Artist,
    ArtistFollowers,
    Audience,
    Block,
    Circle,
    Connection,
    ConnectionKind,
    ConnectionPage,
    Relation,
)

T = TypeVar("T")


class MemoryArtists:
    """The ``Artists`` that were put into ``known``."""

    def __init__(self) -> None:
        self.known: dict[str, Artist] = {}

    async def require(self, artist_ids: Sequence[str]) -> Mapping[str, Artist]:
        for artist_id in artist_ids:
            if artist_id not in self.known:
                raise unknown_resource_error("artist", artist_id)
        return {artist_id: self.known[artist_id] for artist_id in artist_ids}


class MemorySocial:
    """A ``SocialStore`` of one process."""

    def __init__(
        self,
        feed: MemoryChangeFeed,
        *,
        most_followed: int = MOST_FOLLOWED,
        most_blocked: int = MOST_BLOCKED,
    ) -> None:
        self._feed = feed
        self._answers = MemoryAnswers()
        self._most_followed = most_followed
        self._most_blocked = most_blocked
        self._follows: dict[tuple[str, ConnectionKind, str], int] = {}
        self._blocks: dict[tuple[str, str], int] = {}
        self._audiences: defaultdict[str, Audience] = defaultdict(Audience)
        self._artists: dict[str, ArtistFollowers] = {}
        self._version = 0

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        answer = await self._answers.answer_of(None, key)
        return None if answer is None else int(answer or 0)

    async def _once(self, key: RequestKey | None, write: Callable[[], bytes]) -> bytes:
        async def produce() -> bytes:
            return write()

        return await self._answers.answer_once(None, key, produce)

    async def follow(
        self,
        user_id: str,
        people: Sequence[str],
        artists: Sequence[Artist],
        now_ms: int,
        key: RequestKey | None = None,
    ) -> int:
        began = partial(self._begin, user_id, people, artists, now_ms)
        return int(await self._once(key, lambda: number(began())))

    def _begin(
        self, user_id: str, people: Sequence[str], artists: Sequence[Artist], now_ms: int
    ) -> int:
        if any((user_id, person) in self._blocks for person in people):
            raise user_blocked_error()
        for person in people:
            if (person, user_id) in self._blocks:
                raise unknown_user_error(person)
        asked = {(user_id, ConnectionKind.USER, person) for person in people}
        asked |= {(user_id, ConnectionKind.ARTIST, artist.artist_id) for artist in artists}
        added = asked - self._follows.keys()
        held = sum(one[0] == user_id for one in self._follows)
        if added and held + len(added) > self._most_followed:
            raise collection_full_error(self._most_followed)
        self._follows.update(dict.fromkeys(added, now_ms * 1000))
        for artist in artists:
            if (user_id, ConnectionKind.ARTIST, artist.artist_id) in added:
                self._count(artist, 1)
                self._tell(user_id, artist.artist_id, now_ms, kept=True)
        return len(added)

    def _tell(self, user_id: str, artist_id: str, at_ms: int, *, kept: bool) -> None:
        self._version += 1
        change = ItemChanged(user_id, artist_id, at_ms * 1000, self._version, kept)
        self._feed.append(encode(FOLLOWED_ARTIST, change))

    def _count(self, artist: Artist, change: int) -> None:
        held = self._artists.get(artist.artist_id, ArtistFollowers(artist.artist_id, "", 0, 0))
        counted = replace(
            held,
            name=artist.name or held.name,
            followers_count=held.followers_count + change,
            version=held.version + 1,
        )
        self._artists[artist.artist_id] = counted
        self._feed.append(social_changes.encode(counted))

    async def unfollow(
        self,
        user_id: str,
        people: Collection[str],
        artists: Collection[str],
        key: RequestKey | None = None,
    ) -> int:
        asked = {(user_id, ConnectionKind.USER, person) for person in people}
        asked |= {(user_id, ConnectionKind.ARTIST, artist_id) for artist_id in artists}
        ended = await self._once(key, lambda: number(self._end(asked & self._follows.keys())))
        return int(ended)

    def _end(self, ended: Collection[tuple[str, ConnectionKind, str]]) -> int:
        for one in ended:
            del self._follows[one]
            if one[1] is ConnectionKind.ARTIST:
                self._count(Artist(one[2], ""), -1)
                self._tell(one[0], one[2], now_ms(), kept=False)
        return len(ended)

    async def following(
        self,
        user_id: str,
        kind: ConnectionKind | None,
        after: tuple[int, str] | None,
        limit: int,
        *,
        reader_id: str,
    ) -> ConnectionPage:
        found = [
            self._connection(one_kind, target_id, since, reader_id)
            for (follower, one_kind, target_id), since in self._follows.items()
            if follower == user_id and kind in (None, one_kind)
        ]
        return self._page(found, after, limit, reader_id)

    async def followers(
        self, user_id: str, after: tuple[int, str] | None, limit: int, *, reader_id: str
    ) -> ConnectionPage:
        found = [
            self._connection(ConnectionKind.USER, follower, since, reader_id)
            for (follower, kind, target_id), since in self._follows.items()
            if (kind, target_id) == (ConnectionKind.USER, user_id)
        ]
        return self._page(found, after, limit, reader_id)

    def _connection(
        self, kind: ConnectionKind, target_id: str, since: int, reader_id: str
    ) -> Connection:
        if kind is ConnectionKind.ARTIST:
            return Connection(kind, target_id, since, self._artists[target_id].name)
        mutual = {(reader_id, kind, target_id), (target_id, kind, reader_id)}
        return Connection(kind, target_id, since, mutual=mutual <= self._follows.keys())

    def _page(
        self,
        connections: Sequence[Connection],
        after: tuple[int, str] | None,
        limit: int,
        reader_id: str,
    ) -> ConnectionPage:
        seen = [one for one in connections if (one.target_id, reader_id) not in self._blocks]
        found = _listed(seen, lambda one: (one.since_us, one.target_id), after, limit)
        return ConnectionPage(found, len(connections))

    async def relation(self, user_id: str, other_id: str) -> Relation:
        return Relation(
            following=(user_id, ConnectionKind.USER, other_id) in self._follows,
            followed_by=(other_id, ConnectionKind.USER, user_id) in self._follows,
            blocking=(user_id, other_id) in self._blocks,
            blocked_by=(other_id, user_id) in self._blocks,
            follower_count=sum(one[1:] == (ConnectionKind.USER, other_id) for one in self._follows),
            following_count=sum(one[0] == other_id for one in self._follows),
            audience=self._audiences[other_id],
        )

    async def block(
        self, user_id: str, blocked_id: str, now_ms: int, key: RequestKey | None = None
    ) -> None:
        await self._once(key, lambda: self._shut_out(user_id, blocked_id, now_ms))

    def _shut_out(self, user_id: str, blocked_id: str, now_ms: int) -> bytes:
        if (user_id, blocked_id) not in self._blocks:
            if sum(one[0] == user_id for one in self._blocks) >= self._most_blocked:
                raise collection_full_error(self._most_blocked)
            self._blocks[user_id, blocked_id] = now_ms * 1000
        between = {
            (user_id, ConnectionKind.USER, blocked_id),
            (blocked_id, ConnectionKind.USER, user_id),
        }
        self._end(between & self._follows.keys())
        return NOTHING

    async def unblock(self, user_id: str, blocked_id: str, key: RequestKey | None = None) -> None:
        def write() -> bytes:
            self._blocks.pop((user_id, blocked_id), None)
            return NOTHING

        await self._once(key, write)

    async def blocks(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Block]:
        held = [Block(one[1], since) for one, since in self._blocks.items() if one[0] == user_id]
        return _listed(held, lambda one: (one.since_us, one.user_id), after, limit)

    async def audience(self, user_id: str) -> Audience:
        return self._audiences[user_id]

    async def set_audience(
        self,
        user_id: str,
        following: Circle | None,
        followers: Circle | None,
        key: RequestKey | None = None,
    ) -> Audience:
        def write() -> bytes:
            held = self._audiences[user_id]
            audience = Audience(following or held.following, followers or held.followers)
            self._audiences[user_id] = audience
            return f"{audience.following.value} {audience.followers.value}".encode()

        answer = await self._once(key, write)
        return Audience(*map(Circle, answer.decode().split()))

    async def artists_with_followers(self, after: str, limit: int) -> Sequence[ArtistFollowers]:
        return [self._artists[one] for one in sorted(self._artists) if one > after][:limit]

    async def followed_artists(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        there = [
            ItemChanged(user_id, artist_id, since, 0, True)
            for (user_id, kind, artist_id), since in self._follows.items()
            if kind is ConnectionKind.ARTIST and (user_id, artist_id) > after
        ]
        return sorted(there, key=lambda one: (one.user_id, one.thing_id))[:limit]

    async def erase(self, user_id: str) -> None:
        self._end([one for one in self._follows if user_id in (one[0], one[2])])
        for block in [one for one in self._blocks if user_id in one]:
            del self._blocks[block]
        self._audiences.pop(user_id, None)


def _listed(
    found: Sequence[T],
    key: Callable[[T], tuple[int, str]],
    after: tuple[int, str] | None,
    limit: int,
) -> list[T]:
    ordered = sorted(found, key=key, reverse=True)
    return [one for one in ordered if after is None or key(one) < after][:limit]
