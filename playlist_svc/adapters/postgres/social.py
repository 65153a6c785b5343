"""Following, blocking and privacy in PostgreSQL.

Every write of follows and blocks first holds the counting rows of all users that it touches, in one
order; what it finds after that stands still until it commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from meshkit import postgres
from meshkit.clock import instant_of_us, unix_us
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from playlist_svc.adapters.codecs.kept_answers import NOTHING, kept, number
from playlist_svc.adapters.postgres import follows as postgres_follows
from playlist_svc.adapters.postgres.follows import Follow, Row, fetch
from playlist_svc.adapters.postgres.user_counts import drop_empty, hold, place
from playlist_svc.domain.collection_changes import ItemChanged
from playlist_svc.domain.refusals import (
    collection_full_error,
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
from playlist_svc.ports.social import Affiliation

_ERASED_AT_ONCE = 500

# What is said of each entry is looked up for the page alone, hence the list within the list.
_LIST = """
SELECT coalesce(counts.following_users, 0), coalesce(counts.following_artists, 0),
       coalesce(counts.followers, 0), found.kind, found.id, found.since, coalesce(artists.name, ''),
       found.kind = 'USER'
       AND EXISTS (SELECT FROM follows AS one WHERE one.user_id = %(reader)s
                   AND one.kind = 'USER' AND one.target_id = found.id)
       AND EXISTS (SELECT FROM follows AS one WHERE one.user_id = found.id
                   AND one.kind = 'USER' AND one.target_id = %(reader)s)
FROM (SELECT %(user)s::text AS user_id) AS asked
LEFT JOIN user_counts AS counts USING (user_id)
LEFT JOIN LATERAL (
    SELECT kind, {id} AS id, since FROM follows
    WHERE (since, {id}) < (%(at)s, %(id)s) AND {of}
      AND NOT (kind = 'USER' AND {id} IN (
          SELECT user_id FROM blocks WHERE blocked_id = %(reader)s))
    ORDER BY since DESC, {id} DESC LIMIT %(limit)s
) AS found ON true
LEFT JOIN artist_followers AS artists ON found.kind = 'ARTIST' AND artists.artist_id = found.id
ORDER BY found.since DESC, found.id DESC
"""
_FOLLOWING = _LIST.format(
    id="follows.target_id", of="follows.user_id = %(user)s AND kind = ANY(%(kinds)s)"
)
_FOLLOWERS = _LIST.format(id="follows.user_id", of="kind = 'USER' AND follows.target_id = %(user)s")
_RELATION = """
SELECT EXISTS (SELECT FROM follows
               WHERE user_id = %(user)s AND kind = 'USER' AND target_id = %(other)s),
       EXISTS (SELECT FROM follows
               WHERE user_id = %(other)s AND kind = 'USER' AND target_id = %(user)s),
       EXISTS (SELECT FROM blocks WHERE user_id = %(user)s AND blocked_id = %(other)s),
       EXISTS (SELECT FROM blocks WHERE user_id = %(other)s AND blocked_id = %(user)s),
       coalesce(counts.followers, 0),
       coalesce(counts.following_users + counts.following_artists, 0),
       coalesce(privacy.following, 'EVERYONE'), coalesce(privacy.followers, 'EVERYONE')
FROM (SELECT %(other)s::text AS user_id) AS asked
LEFT JOIN user_counts AS counts USING (user_id) LEFT JOIN privacy USING (user_id)
"""
_BLOCKED_AMONG = """
SELECT blocked_id, true FROM blocks WHERE user_id = %(user)s AND blocked_id = ANY(%(people)s)
UNION ALL
SELECT user_id, false FROM blocks WHERE blocked_id = %(user)s AND user_id = ANY(%(people)s)
"""
_BLOCK = """
WITH added AS (
    INSERT INTO blocks (user_id, blocked_id, since) VALUES (%(user)s, %(blocked)s, %(now)s)
    ON CONFLICT DO NOTHING RETURNING user_id
)
UPDATE user_counts SET blocks = blocks + 1 FROM added WHERE user_counts.user_id = added.user_id
RETURNING blocks
"""
_UNBLOCK = """
WITH gone AS (
    DELETE FROM blocks WHERE blocked_id = %(blocked)s AND user_id = ANY(%(users)s)
    RETURNING user_id
)
UPDATE user_counts SET blocks = blocks - 1 FROM gone WHERE user_counts.user_id = gone.user_id
"""
_BLOCKS = """
SELECT blocked_id, since FROM blocks
WHERE user_id = %(user)s AND (since, blocked_id) < (%(at)s, %(id)s)
ORDER BY since DESC, blocked_id DESC LIMIT %(limit)s
"""
_AUDIENCE = "SELECT following, followers FROM privacy WHERE user_id = %(user)s"
_SET_AUDIENCE = """
INSERT INTO privacy AS held (user_id, following, followers)
VALUES (%(user)s, coalesce(%(following)s::text, 'EVERYONE'),
        coalesce(%(followers)s::text, 'EVERYONE'))
ON CONFLICT (user_id) DO UPDATE SET
    following = coalesce(%(following)s::text, held.following),
    followers = coalesce(%(followers)s::text, held.followers)
RETURNING following, followers
"""
_FOLLOWED_ARTISTS = """
SELECT user_id, target_id, since FROM follows
WHERE kind = 'ARTIST' AND (user_id, target_id) > (%(user)s, %(artist)s)
ORDER BY user_id, target_id LIMIT %(limit)s
"""
_ARTISTS = """
SELECT artist_id, name, followers_count, version FROM artist_followers
WHERE artist_id > %(after)s ORDER BY artist_id LIMIT %(limit)s
"""
_EVERY_FOLLOW = """
SELECT user_id, kind, target_id FROM follows WHERE user_id = %(user)s
UNION
SELECT user_id, kind, target_id FROM follows WHERE kind = 'USER' AND target_id = %(user)s
LIMIT %(limit)s
"""
_BLOCKERS = "SELECT user_id FROM blocks WHERE blocked_id = %(user)s LIMIT %(limit)s"
_FORGET = """
WITH gone AS (DELETE FROM blocks WHERE user_id = %(user)s),
     told AS (DELETE FROM privacy WHERE user_id = %(user)s)
UPDATE user_counts SET blocks = 0 WHERE user_id = %(user)s
"""
_TIES = """
SELECT playlist_id, user_id FROM playlists JOIN (
    SELECT playlist_id, user_id FROM collaborators WHERE user_id IN (%(one)s, %(other)s)
    UNION SELECT playlist_id, user_id FROM playlist_followers WHERE user_id IN (%(one)s, %(other)s)
) AS tied USING (playlist_id)
WHERE owner_id IN (%(one)s, %(other)s) AND owner_id <> user_id
ORDER BY playlist_id
"""


class PostgresSocial:
    """The ``SocialStore`` of the service's schema."""

    def __init__(
        self,
        pool: postgres.Pool,
        *,
        most_followed: int = MOST_FOLLOWED,
        most_blocked: int = MOST_BLOCKED,
    ) -> None:
        self._pool = pool
        self._most_followed = most_followed
        self._most_blocked = most_blocked
        self._answers = PostgresAnswers()

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        answer = await kept(self._pool, key)
        return None if answer is None else int(answer or 0)

    async def follow(
        self,
        user_id: str,
        people: Sequence[str],
        artists: Sequence[Artist],
        now_ms: int,
        key: RequestKey | None = None,
    ) -> int:
        asked = _follows(user_id, people, [artist.artist_id for artist in artists])
        names = {artist.artist_id: artist.name for artist in artists}

        async def produce() -> bytes:
            await hold(connection, [user_id, *people])
            await self._require_not_blocked(connection, user_id, people)
            began, followed = await postgres_follows.begin(connection, asked, names, now_ms)
            if followed > self._most_followed:
                raise collection_full_error(self._most_followed)
            return number(began)

        async with postgres.transaction(self._pool) as connection:
            return int(await self._answers.answer_once(connection, key, produce))

    async def _require_not_blocked(
        self, connection: postgres.Connection, user_id: str, people: Sequence[str]
    ) -> None:
        rows = await fetch(connection, _BLOCKED_AMONG, user=user_id, people=list(people))
        if any(own for _, own in rows):
            raise user_blocked_error()
        blockers = {row[0] for row in rows}
        for person in people:
            if person in blockers:
                raise unknown_user_error(person)

    async def unfollow(
        self,
        user_id: str,
        people: Collection[str],
        artists: Collection[str],
        key: RequestKey | None = None,
    ) -> int:
        async def produce() -> bytes:
            await hold(connection, [user_id, *people])
            ended = _follows(user_id, people, artists)
            return number(await postgres_follows.end(connection, ended))

        async with postgres.transaction(self._pool) as connection:
            return int(await self._answers.answer_once(connection, key, produce))

    async def following(
        self,
        user_id: str,
        kind: ConnectionKind | None,
        after: tuple[int, str] | None,
        limit: int,
        *,
        reader_id: str,
    ) -> ConnectionPage:
        kinds = [kind.value] if kind else [kind.value for kind in ConnectionKind]
        rows = await self._read(
            _FOLLOWING, user=user_id, kinds=kinds, reader=reader_id, limit=limit, **place(after)
        )
        people, artists = rows[0][:2]
        totals = {
            None: people + artists,
            ConnectionKind.USER: people,
            ConnectionKind.ARTIST: artists,
        }
        return ConnectionPage(_connections(rows), totals[kind])

    async def followers(
        self, user_id: str, after: tuple[int, str] | None, limit: int, *, reader_id: str
    ) -> ConnectionPage:
        rows = await self._read(
            _FOLLOWERS, user=user_id, reader=reader_id, limit=limit, **place(after)
        )
        return ConnectionPage(_connections(rows), rows[0][2])

    async def relation(self, user_id: str, other_id: str) -> Relation:
        (row,) = await self._read(_RELATION, user=user_id, other=other_id)
        return Relation(
            following=row[0],
            followed_by=row[1],
            blocking=row[2],
            blocked_by=row[3],
            follower_count=row[4],
            following_count=row[5],
            audience=Audience(*map(Circle, row[6:])),
        )

    async def block(
        self, user_id: str, blocked_id: str, now_ms: int, key: RequestKey | None = None
    ) -> None:
        now = instant_of_us(now_ms * 1000)
        between = [
            Follow(user_id, ConnectionKind.USER, blocked_id),
            Follow(blocked_id, ConnectionKind.USER, user_id),
        ]

        async def produce() -> bytes:
            await hold(connection, [user_id, blocked_id])
            added = await fetch(connection, _BLOCK, user=user_id, blocked=blocked_id, now=now)
            if added and added[0][0] > self._most_blocked:
                raise collection_full_error(self._most_blocked)
            await postgres_follows.end(connection, between)
            return NOTHING

        async with postgres.transaction(self._pool) as connection:
            await self._answers.answer_once(connection, key, produce)

    async def unblock(self, user_id: str, blocked_id: str, key: RequestKey | None = None) -> None:
        async def produce() -> bytes:
            await hold(connection, [user_id])
            arguments = {"users": [user_id], "blocked": blocked_id}
            await connection.execute(_UNBLOCK, arguments)
            return NOTHING

        async with postgres.transaction(self._pool) as connection:
            await self._answers.answer_once(connection, key, produce)

    async def blocks(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Block]:
        rows = await self._read(_BLOCKS, user=user_id, limit=limit, **place(after))
        return [Block(blocked_id, unix_us(since)) for blocked_id, since in rows]

    async def audience(self, user_id: str) -> Audience:
        rows = await self._read(_AUDIENCE, user=user_id)
        return Audience(*map(Circle, rows[0])) if rows else Audience()

    async def set_audience(
        self,
        user_id: str,
        following: Circle | None,
        followers: Circle | None,
        key: RequestKey | None = None,
    ) -> Audience:
        async def produce() -> bytes:
            (row,) = await fetch(
                connection,
                _SET_AUDIENCE,
                user=user_id,
                following=following.value if following else None,
                followers=followers.value if followers else None,
            )
            return " ".join(row).encode()

        async with postgres.transaction(self._pool) as connection:
            answer = await self._answers.answer_once(connection, key, produce)
        return Audience(*map(Circle, answer.decode().split()))

    async def artists_with_followers(self, after: str, limit: int) -> Sequence[ArtistFollowers]:
        rows = await self._read(_ARTISTS, after=after, limit=limit)
        return [ArtistFollowers(*row) for row in rows]

    async def followed_artists(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        rows = await self._read(_FOLLOWED_ARTISTS, user=after[0], artist=after[1], limit=limit)
        return [ItemChanged(user_id, artist, unix_us(at), 0, True) for user_id, artist, at in rows]

    async def erase(self, user_id: str) -> None:
        """In steps, for each of them is bounded."""
        while rows := await self._read(_EVERY_FOLLOW, user=user_id, limit=_ERASED_AT_ONCE):
            ended = [Follow(row[0], ConnectionKind(row[1]), row[2]) for row in rows]
            people = [one.target_id for one in ended if one.kind is ConnectionKind.USER]
            async with postgres.transaction(self._pool) as connection:
                await hold(connection, [*people, *(one.user_id for one in ended)])
                await postgres_follows.end(connection, ended)
        while rows := await self._read(_BLOCKERS, user=user_id, limit=_ERASED_AT_ONCE):
            blockers = [row[0] for row in rows]
            async with postgres.transaction(self._pool) as connection:
                await hold(connection, blockers)
                await connection.execute(_UNBLOCK, {"users": blockers, "blocked": user_id})
        async with postgres.transaction(self._pool) as connection:
            await hold(connection, [user_id])
            await connection.execute(_FORGET, {"user": user_id})
            await drop_empty(connection, user_id)

    async def _read(self, query: str, **arguments: object) -> list[Row]:
        return await postgres.read(
            self._pool, lambda connection: fetch(connection, query, **arguments)
        )


class PostgresAffiliations:
    """The ``Affiliations`` of the service's schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def between(self, one_id: str, other_id: str) -> Sequence[Affiliation]:
        rows = await postgres.read(
            self._pool, lambda connection: fetch(connection, _TIES, one=one_id, other=other_id)
        )
        return [Affiliation(*row) for row in rows]


def _follows(user_id: str, people: Collection[str], artists: Collection[str]) -> list[Follow]:
    return [
        *(Follow(user_id, ConnectionKind.USER, person) for person in people),
        *(Follow(user_id, ConnectionKind.ARTIST, artist_id) for artist_id in artists),
    ]


def _connections(rows: Sequence[Row]) -> list[Connection]:
    """The list beside the counts, which stand in every row, also where the list is empty."""
    return [
        Connection(ConnectionKind(kind), target_id, unix_us(since), name, mutual)
        for _, _, _, kind, target_id, since, name, mutual in rows
        if kind is not None
    ]
