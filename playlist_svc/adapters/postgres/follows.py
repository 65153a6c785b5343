"""Rows of ``follows`` and all that counts them, inside the caller's transaction.

Whoever calls ``begin`` or ``end`` holds the counting rows of every user among the pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from meshkit import feeds_postgres
from meshkit.clock import instant_of_us, unix_us
from meshkit.postgres import Connection
from playlist_svc.adapters.codecs import social_changes
from playlist_svc.domain.collection_changes import FOLLOWED_ARTIST, ItemChanged, encode
from playlist_svc.domain.social import ArtistFollowers, ConnectionKind

_BEGIN = """
INSERT INTO follows (user_id, kind, target_id, since)
SELECT user_id, kind, target_id, %(now)s
FROM unnest(%(users)s::text[], %(kinds)s::text[], %(targets)s::text[])
    AS asked (user_id, kind, target_id)
ON CONFLICT DO NOTHING
RETURNING user_id, kind, target_id, since
"""
_END = """
DELETE FROM follows
USING unnest(%(users)s::text[], %(kinds)s::text[], %(targets)s::text[])
    AS asked (user_id, kind, target_id)
WHERE follows.user_id = asked.user_id AND follows.kind = asked.kind
  AND follows.target_id = asked.target_id
RETURNING follows.user_id, follows.kind, follows.target_id, follows.since
"""
_COUNT = """
UPDATE user_counts AS held
SET following_users = held.following_users + change.people,
    following_artists = held.following_artists + change.artists,
    followers = held.followers + change.followers
FROM unnest(%(users)s::text[], %(people)s::int[], %(artists)s::int[], %(followers)s::int[])
    AS change (user_id, people, artists, followers)
WHERE held.user_id = change.user_id
RETURNING held.user_id, held.following_users + held.following_artists
"""
_MOMENT = "SELECT nextval('shelf_versions'), clock_timestamp()"
# Whom nobody followed yet has no row; who has one keeps the name where none is given.
_COUNT_ARTISTS = """
INSERT INTO artist_followers AS held (artist_id, name, followers_count, version)
SELECT artist_id, name, %(change)s, 1
FROM unnest(%(ids)s::text[], %(names)s::text[]) AS asked (artist_id, name)
ORDER BY artist_id COLLATE "C"
ON CONFLICT (artist_id) DO UPDATE SET
    name = coalesce(nullif(excluded.name, ''), held.name),
    followers_count = held.followers_count + %(change)s,
    version = held.version + 1
RETURNING artist_id, name, followers_count, version
"""


@dataclass(frozen=True, slots=True)
class Follow:
    """Who follows whom."""

    user_id: str
    kind: ConnectionKind
    target_id: str


@dataclass(slots=True)
class _Counts:
    people: int = 0
    artists: int = 0
    followers: int = 0


Row: TypeAlias = tuple[Any, ...]


async def fetch(connection: Connection, query: str, **arguments: object) -> list[Row]:
    """All rows that a statement answers."""
    return await (await connection.execute(query.encode(), arguments)).fetchall()


async def begin(
    connection: Connection, follows: Sequence[Follow], names: Mapping[str, str], now_ms: int
) -> tuple[int, int]:
    """Add those that there are not, with the artists' ``names``.

    Answers how many these were, and the most that any of their users follows now.
    """
    rows = await fetch(connection, _BEGIN, now=instant_of_us(now_ms * 1000), **_columns(follows))
    return len(rows), await _count(connection, 1, rows, names)


async def end(connection: Connection, follows: Sequence[Follow]) -> int:
    """Take away those that there are; how many these were."""
    rows = await fetch(connection, _END, **_columns(follows))
    await _count(connection, -1, rows, {})
    return len(rows)


def _columns(follows: Sequence[Follow]) -> dict[str, list[str]]:
    return {
        "users": [follow.user_id for follow in follows],
        "kinds": [follow.kind.value for follow in follows],
        "targets": [follow.target_id for follow in follows],
    }


async def _count(
    connection: Connection, change: int, rows: Sequence[Row], names: Mapping[str, str]
) -> int:
    """Count what began (1) or ended (-1), and tell the feed of the artists among them."""
    if not rows:
        return 0
    counts: defaultdict[str, _Counts] = defaultdict(_Counts)
    artists = []
    for user_id, kind, target_id, _ in rows:
        if kind == ConnectionKind.ARTIST.value:
            counts[user_id].artists += change
            artists.append(target_id)
        else:
            counts[user_id].people += change
            counts[target_id].followers += change
    counted = await fetch(
        connection,
        _COUNT,
        users=list(counts),
        people=[one.people for one in counts.values()],
        artists=[one.artists for one in counts.values()],
        followers=[one.followers for one in counts.values()],
    )
    if artists:
        await _count_artists(connection, change, artists, names)
        await _tell_artists(connection, rows, kept=change > 0)
    began = {row[0] for row in rows}
    return max(int(followed) for user_id, followed in counted if user_id in began)


async def _tell_artists(connection: Connection, rows: Sequence[Row], *, kept: bool) -> None:
    """Tells the feed who follows which artists among ``rows`` now, or no longer."""
    ((version, at),) = await fetch(connection, _MOMENT)
    changes = [
        ItemChanged(user_id, target_id, unix_us(since) if kept else unix_us(at), version, kept)
        for user_id, kind, target_id, since in rows
        if kind == ConnectionKind.ARTIST.value
    ]
    encoded = (encode(FOLLOWED_ARTIST, change) for change in changes)
    await feeds_postgres.append(connection, *encoded)


async def _count_artists(
    connection: Connection, change: int, artist_ids: Sequence[str], names: Mapping[str, str]
) -> None:
    rows = await fetch(
        connection,
        _COUNT_ARTISTS,
        change=change,
        ids=artist_ids,
        names=[names.get(artist_id, "") for artist_id in artist_ids],
    )
    changes = [social_changes.encode(ArtistFollowers(*row)) for row in rows]
    await feeds_postgres.append(connection, *changes)
