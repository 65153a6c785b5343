"""What users did with what radios gave, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit import postgres
from rec_svc.domain.radios import NOT_TWICE_MS
from rec_svc.ports.radios import RadioPlay, RadioSave

_PRUNED_AT_ONCE = 5_000

# Rows are locked in the order of their keys, so that two writers never wait in a circle.
_PLAY = """
WITH told AS (
    SELECT DISTINCT ON (radio_id, user_id, track_id) *
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::boolean[])
        AS one (radio_id, user_id, track_id, at_ms, skipped)
    ORDER BY radio_id, user_id, track_id, at_ms DESC
), held AS (
    SELECT radio_id, track_id, told.at_ms, told.skipped
    FROM told JOIN radios USING (radio_id, user_id) JOIN radio_tracks USING (radio_id, track_id)
    WHERE played_at_ms < told.at_ms
    ORDER BY radio_id, track_id FOR UPDATE OF radio_tracks
)
UPDATE radio_tracks SET played_at_ms = held.at_ms, skipped = held.skipped FROM held
WHERE radio_tracks.radio_id = held.radio_id AND radio_tracks.track_id = held.track_id
"""
_SAVE = """
UPDATE radio_tracks SET saved_at_ms = %(at)s
WHERE track_id = %(track)s AND saved_at_ms < %(at)s AND radio_id = (
    SELECT radio_id FROM radio_tracks JOIN radios USING (radio_id)
    WHERE user_id = %(user)s AND track_id = %(track)s
      AND given_at_ms <= %(at)s AND given_at_ms > %(at)s - %(within)s
    ORDER BY given_at_ms DESC LIMIT 1
)
"""
_TAKE_OUT = """
UPDATE radio_tracks SET saved_at_ms = 0
WHERE track_id = %(track)s AND saved_at_ms > 0 AND saved_at_ms <= %(at)s
  AND radio_id = ANY (ARRAY(SELECT radio_id FROM radios WHERE user_id = %(user)s))
"""
_PRUNE = """
DELETE FROM radio_tracks WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM radio_tracks
    WHERE NOT skipped AND saved_at_ms = 0 AND given_at_ms < %s
    ORDER BY given_at_ms LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


class PostgresRadioFeedback:
    """``RadioFeedback`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def play(self, plays: Sequence[RadioPlay]) -> None:
        if not plays:
            return
        columns = [list(column) for column in zip(*plays, strict=True)]
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_PLAY, columns)

    async def save(self, saves: Sequence[RadioSave]) -> None:
        if not saves:
            return
        async with postgres.transaction(self._pool) as connection:
            for one in saves:
                told = {"user": one.user_id, "track": one.track_id, "at": one.at_ms}
                if one.saved:
                    await connection.execute(_SAVE, told | {"within": NOT_TWICE_MS})
                else:
                    await connection.execute(_TAKE_OUT, told)

    async def prune(self, before_ms: int) -> int:
        return await postgres.in_parts(self._pool, _PRUNE, [before_ms], rows=_PRUNED_AT_ONCE)
