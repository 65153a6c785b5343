"""Radios in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from rec_svc.adapters.codecs import radio_blocks
from rec_svc.domain.radios import Block, Given, Radio, Seed, SeedKind, Station
from rec_svc.ports.radios import MOST_GIVEN, MOST_RADIOS, Started

_COLUMNS = "radio_id, user_id, title, seed_kind, seed_id, seed_track_ids, created_at_ms"

# Starts of one user wait for each other, so that each sees all radios before it.
_HOLD_USER = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))"
_START = f"""
INSERT INTO radios ({_COLUMNS}) SELECT %s, %s, %s, %s, %s, %s, %s
WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = %s)
"""  # noqa: S608 - names of this file alone
_DROP_BEYOND = """
DELETE FROM radios WHERE radio_id = ANY (ARRAY(
    SELECT radio_id FROM radios WHERE user_id = %s
    ORDER BY created_at_ms DESC, radio_id DESC OFFSET %s
))
"""
_FIND = f"SELECT {_COLUMNS} FROM radios WHERE user_id = %s AND radio_id = %s"  # noqa: S608
_PAGE = f"""
SELECT {_COLUMNS} FROM radios WHERE user_id = %s AND (created_at_ms, radio_id) < (%s, %s)
ORDER BY created_at_ms DESC, radio_id DESC LIMIT %s
"""  # noqa: S608
_DELETE = "DELETE FROM radios WHERE user_id = %s AND radio_id = %s"
_STATION = f"""
SELECT {_COLUMNS}, revision, (
    SELECT coalesce(json_agg(json_build_array(
        track_id, given_at_ms, played_at_ms, skipped, saved_at_ms
    )), '[]') FROM radio_tracks
    WHERE radio_tracks.radio_id = radios.radio_id
      AND (given_at_ms >= %s OR skipped OR saved_at_ms > 0)
) FROM radios WHERE user_id = %s AND radio_id = %s
"""  # noqa: S608
_TURN = """
UPDATE radios SET revision = revision + 1
WHERE user_id = %s AND radio_id = %s AND revision = %s RETURNING revision
"""
_GIVE = """
INSERT INTO radio_tracks (radio_id, track_id, given_at_ms)
SELECT %s, track_id, %s + place FROM unnest(%s::text[]) WITH ORDINALITY AS one (track_id, place)
ON CONFLICT (radio_id, track_id) DO UPDATE SET given_at_ms = excluded.given_at_ms
"""
_FORGET_BEYOND = """
DELETE FROM radio_tracks WHERE radio_id = %(radio)s AND track_id = ANY (ARRAY(
    SELECT track_id FROM radio_tracks WHERE radio_id = %(radio)s
    ORDER BY given_at_ms DESC OFFSET %(kept)s
))
"""
_ERASE = "DELETE FROM radios WHERE user_id = %s"
_LAST = 2**62


class PostgresRadios:
    """``Radios`` of the schema; a holder of users (``UserHolder``)."""

    def __init__(
        self, pool: postgres.Pool, most_radios: int = MOST_RADIOS, most_given: int = MOST_GIVEN
    ) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()
        self._most_radios = most_radios
        self._most_given = most_given

    async def start(self, radio: Radio, key: RequestKey | None = None) -> Started:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                await connection.execute(_HOLD_USER, [radio.user_id])
                await connection.execute(_START, [*_values(radio), radio.user_id])
                beyond = [radio.user_id, self._most_radios]
                dropped = await connection.execute(_DROP_BEYOND, beyond)
                return json.dumps([_values(radio), dropped.rowcount]).encode()

            values, dropped = json.loads(await self._answers.answer_once(connection, key, produce))
        return Started(_radio(values), dropped)

    async def find(self, user_id: str, radio_id: str) -> Radio | None:
        rows = await self._rows(_FIND, [user_id, radio_id])
        return _radio(rows[0]) if rows else None

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Radio]:
        rows = await self._rows(_PAGE, [user_id, *(after or (_LAST, "")), limit])
        return [_radio(row) for row in rows]

    async def delete(self, user_id: str, radio_id: str, key: RequestKey | None = None) -> None:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                await connection.execute(_DELETE, [user_id, radio_id])
                return b""

            await self._answers.answer_once(connection, key, produce)

    async def station(self, user_id: str, radio_id: str, since_ms: int) -> Station | None:
        rows = await self._rows(_STATION, [since_ms, user_id, radio_id])
        if not rows:
            return None
        *values, revision, given = rows[0]
        return Station(_radio(values), revision, tuple(Given(*one) for one in given))

    async def answered(self, key: RequestKey | None) -> Block | None:
        if key is None:
            return None

        async def query(connection: postgres.Connection) -> bytes | None:
            return await self._answers.answer_of(connection, key)

        kept = await postgres.read(self._pool, query)
        return None if kept is None else radio_blocks.decode(kept)

    async def give(
        self, station: Station, block: Block, key: RequestKey | None = None
    ) -> Block | None:
        radio = station.radio

        async def produce() -> bytes:
            turned = [radio.user_id, radio.radio_id, station.revision]
            if await (await connection.execute(_TURN, turned)).fetchone() is None:
                raise _RaceLostError
            track_ids = [pick.track_id for pick in block.picks]
            await connection.execute(_GIVE, [radio.radio_id, block.given_at_ms, track_ids])
            if len(station.given) + len(track_ids) > self._most_given:
                kept = {"radio": radio.radio_id, "kept": self._most_given}
                await connection.execute(_FORGET_BEYOND, kept)
            return radio_blocks.encode(block)

        try:
            async with postgres.transaction(self._pool) as connection:
                return radio_blocks.decode(
                    await self._answers.answer_once(connection, key, produce)
                )
        except _RaceLostError:
            return None

    async def erase(self, user_id: str) -> None:
        """Drops all radios of a user."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_ERASE, [user_id])

    async def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), values)).fetchall()

        return await postgres.read(self._pool, run)


class _RaceLostError(Exception):
    """Another block was given first, or the radio is gone."""


def _values(radio: Radio) -> list[Any]:
    seed = radio.seed
    return [
        *(radio.radio_id, radio.user_id, radio.title, seed.kind.value, seed.id),
        *(list(radio.seed_track_ids), radio.created_at_ms),
    ]


def _radio(values: Sequence[Any]) -> Radio:
    radio_id, user_id, title, kind, seed_id, track_ids, created_at_ms = values
    seed = Seed(SeedKind(kind), seed_id)
    return Radio(radio_id, user_id, title, seed, tuple(track_ids), created_at_ms)
