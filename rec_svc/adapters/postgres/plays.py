"""Plays in PostgreSQL: what they say of tracks, and the events that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ulid import ULID

from meshkit import postgres
from meshkit.replicas_postgres import PostgresReplica
from rec_svc.adapters.postgres import pending_events
from rec_svc.domain.plays import Play, Tally
from rec_svc.ports.listening import MOST_TRACKS

FEED: Final = "playback"
KEPT: Final = timedelta(days=35)
"""How long the id of a play is kept: its feed is read for 30 days, and pruned hourly."""

_FORGOTTEN_AT_ONCE = 5_000

_REMEMBER = """
INSERT INTO known_plays (play_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING
RETURNING play_id
"""
_ADD = """
INSERT INTO listened AS held (user_id, track_id, plays, skips, last_begun_ms, last_played_ms)
SELECT user_id, track_id, plays, skips, begun, played
FROM unnest(%s::text[], %s::text[], %s::integer[], %s::integer[], %s::bigint[], %s::bigint[])
    AS told (user_id, track_id, plays, skips, begun, played)
WHERE NOT EXISTS (SELECT FROM erased_users WHERE erased_users.user_id = told.user_id)
ORDER BY user_id COLLATE "C", track_id COLLATE "C"
ON CONFLICT (user_id, track_id) DO UPDATE SET
    plays = held.plays + excluded.plays,
    skips = held.skips + excluded.skips,
    last_begun_ms = greatest(held.last_begun_ms, excluded.last_begun_ms),
    last_played_ms = greatest(held.last_played_ms, excluded.last_played_ms)
RETURNING user_id, xmax = 0
"""
_TRIM = """
DELETE FROM listened USING unnest(%(users)s::text[]) AS asked (user_id), LATERAL (
    SELECT last_played_ms, track_id FROM listened
    WHERE user_id = asked.user_id
    ORDER BY last_played_ms DESC, track_id DESC OFFSET %(kept)s LIMIT 1
) AS oldest
WHERE listened.user_id = asked.user_id
  AND (listened.last_played_ms, listened.track_id) < (oldest.last_played_ms, oldest.track_id)
"""
_FORGET = """
DELETE FROM known_plays WHERE play_id = ANY (ARRAY(
    SELECT play_id FROM known_plays WHERE told_at < now() - %s ORDER BY told_at LIMIT %s
))
"""


class PostgresPlays(PostgresReplica[Play]):
    """``PlaysReplica`` of the schema.

    Exactly once, whatever the feed tells again: a play counts, and is an event, in the commit that
    enters its id, and an id is entered once.
    """

    def __init__(self, pool: postgres.Pool, most_tracks: int = MOST_TRACKS) -> None:
        super().__init__(pool, FEED)
        self._most_tracks = most_tracks

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[Play], generation: int
    ) -> None:
        told = {ULID.from_str(play.play_id).to_uuid(): play for play in changes}
        entered = await (await connection.execute(_REMEMBER, [sorted(told)])).fetchall()
        fresh = [told[row[0]] for row in entered]
        if not fresh:
            return
        added = await (await connection.execute(_ADD, _columns(fresh))).fetchall()
        if grown := sorted({user_id for user_id, is_new in added if is_new}):
            trimmed = {"users": grown, "kept": self._most_tracks - 1}
            await connection.execute(_TRIM, trimmed)
        await pending_events.append(connection, [play.event() for play in fresh])

    async def prune(self) -> int:
        return await postgres.in_parts(self._pool, _FORGET, [KEPT], rows=_FORGOTTEN_AT_ONCE)


def _columns(plays: Sequence[Play]) -> list[list[object]]:
    """What the plays add to each pair of user and track, column by column."""
    tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    for play in plays:
        tallies[play.user_id, play.track_id].add(play)
    rows = [
        (*pair, one.plays, one.skips, one.last_begun_ms, one.last_played_ms)
        for pair, one in tallies.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]
