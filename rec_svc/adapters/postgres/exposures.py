"""The log of exposures in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from meshkit import postgres
from rec_svc.domain.arm_statistics import ArmSums, Metric, Sums
from rec_svc.domain.experiments import Experiment
from rec_svc.domain.exposure_outcomes import CountedOutcome, Exposure, Kind, Outcome
from rec_svc.ports.exposures import ACTED_ON_MS, CAME_BACK_FROM_MS, KEPT_MS, MOST_OF_USER

_PRUNED_AT_ONCE: Final = 1_000

# Whoever writes what a user was shown and did begins with this, in one order: writers wait for each
# other and never in a circle.
_HOLD_USERS = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(one, 0) AS key FROM unnest(%s::text[]) one ORDER BY 1
) keys
"""
_RECORD = """
INSERT INTO exposures (
    shown_id, user_id, surface, model_id, track_ids, propensities, assignments, held_back, at_ms
) SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s
WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = %s)
ON CONFLICT DO NOTHING
"""
_DROP_BEYOND = """
DELETE FROM exposures WHERE shown_id = ANY (ARRAY(
    SELECT shown_id FROM exposures WHERE user_id = %s ORDER BY at_ms DESC, shown_id DESC OFFSET %s
))
"""
_SHOW = """
WITH told AS (
    SELECT user_id, shown_id, min(at_ms) AS at_ms
    FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS one (user_id, shown_id, at_ms)
    GROUP BY 1, 2
)
UPDATE exposures e SET shown_at_ms = greatest(told.at_ms, e.at_ms) FROM told
WHERE e.shown_id = told.shown_id AND e.user_id = told.user_id
  AND e.shown_at_ms IS NULL AND told.at_ms < e.at_ms + %s
RETURNING e.user_id, e.shown_at_ms, e.assignments
"""
_EXPOSE = """
INSERT INTO experiment_users (experiment_id, user_id, arm, first_shown_ms)
SELECT DISTINCT ON (one.experiment_id, one.user_id)
    one.experiment_id, one.user_id, one.arm, one.at_ms
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])
    AS one (experiment_id, user_id, arm, at_ms)
    JOIN experiments x ON x.experiment_id = one.experiment_id AND x.state = 'running'
ORDER BY one.experiment_id, one.user_id, one.at_ms
ON CONFLICT DO NOTHING
"""
_CAME_BACK = """
UPDATE experiment_users u SET returned = true
FROM unnest(%s::text[], %s::bigint[]) AS one (user_id, at_ms)
WHERE u.user_id = one.user_id AND NOT u.returned
  AND one.at_ms >= u.first_shown_ms + %s AND one.at_ms < u.first_shown_ms + %s
"""
_LISTS = """
SELECT o.place, e.shown_id, e.surface, e.model_id, e.assignments, e.held_back
FROM unnest(%(kinds)s::text[], %(users)s::text[], %(subjects)s::text[], %(shown)s::text[],
            %(at)s::bigint[])
    WITH ORDINALITY AS o (kind, user_id, subject, shown_id, at_ms, place)
    JOIN LATERAL (
        SELECT * FROM exposures e
        WHERE e.user_id = o.user_id AND o.at_ms < e.shown_at_ms + %(acted_on)s
          AND CASE o.kind
              WHEN 'play' THEN e.shown_id = o.shown_id
              ELSE e.shown_at_ms <= o.at_ms AND o.subject = ANY (e.track_ids)
          END
        ORDER BY e.shown_at_ms DESC LIMIT 1
    ) e ON true
ORDER BY o.place
"""
_ENTER = """
INSERT INTO exposure_outcomes (shown_id, kind, subject)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING
RETURNING shown_id, kind, subject
"""
_ADD = """
UPDATE experiment_users u SET plays = u.plays + one.plays, skips = u.skips + one.skips,
    completions = u.completions + one.completions, saves = u.saves + one.saves
FROM unnest(%s::text[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[])
    AS one (experiment_id, user_id, plays, skips, completions, saves)
WHERE u.experiment_id = one.experiment_id AND u.user_id = one.user_id
"""
_SUMS = """
SELECT arm, count(*),
    coalesce(sum(plays), 0)::bigint, coalesce(sum(plays::bigint * plays), 0)::bigint,
    sum(skips)::bigint, sum(plays::bigint * skips)::bigint, sum(skips::bigint * skips)::bigint,
    sum(saves)::bigint, sum(plays::bigint * saves)::bigint, sum(saves::bigint * saves)::bigint,
    sum(completions)::bigint, sum(plays::bigint * completions)::bigint,
    sum(completions::bigint * completions)::bigint,
    count(*) FILTER (WHERE first_shown_ms <= %(week_ago)s),
    count(*) FILTER (WHERE first_shown_ms <= %(week_ago)s AND returned)
FROM experiment_users WHERE experiment_id = %(id)s GROUP BY arm
"""
_ERASE = (
    "DELETE FROM exposures WHERE user_id = %s",
    "DELETE FROM experiment_users WHERE user_id = %s",
)
_PRUNE = """
DELETE FROM exposures WHERE shown_id = ANY (ARRAY(
    SELECT shown_id FROM exposures WHERE at_ms <= %s ORDER BY at_ms LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


class PostgresExposures:
    """``Exposures``, ``Outcomes`` and ``ArmCounts`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def record(self, *exposures: Exposure) -> None:
        if not exposures:
            return
        rows = [[*_row(one), one.user_id] for one in exposures]
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_HOLD_USERS, [[exposures[0].user_id]])
            await connection.cursor().executemany(_RECORD, rows)
            await connection.execute(_DROP_BEYOND, [exposures[0].user_id, MOST_OF_USER])

    async def show(self, user_id: str, shown_ids: Sequence[str], at_ms: int) -> int:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_HOLD_USERS, [[user_id]])
            return await _show(connection, [(user_id, one, at_ms) for one in shown_ids])

    async def erase(self, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_HOLD_USERS, [[user_id]])
            for statement in _ERASE:
                await connection.execute(statement.encode(), [user_id])

    async def prune(self, now_ms: int) -> int:
        before_ms = now_ms - KEPT_MS
        return await postgres.in_parts(self._pool, _PRUNE, [before_ms], rows=_PRUNED_AT_ONCE)

    async def count(self, outcomes: Sequence[Outcome]) -> Sequence[CountedOutcome]:
        if not outcomes:
            return []
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_HOLD_USERS, [[one.user_id for one in outcomes]])
            chosen = [(one.user_id, one.shown_id, one.at_ms) for one in outcomes if one.shown_id]
            await _show(connection, chosen)
            counted = await _enter(connection, outcomes)
            await _add(connection, counted)
            plays = [one.outcome for one in counted if one.outcome.kind is Kind.PLAY]
            await _came_back(connection, [(one.user_id, one.at_ms) for one in plays])
        return counted

    async def of(self, experiment: Experiment, now_ms: int) -> Sequence[ArmSums]:
        values = {"id": experiment.experiment_id, "week_ago": now_ms - ACTED_ON_MS}

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_SUMS, values)).fetchall()

        found = {row[0]: _sums(*row) for row in await postgres.read(self._pool, query)}
        return [found.get(arm.name, ArmSums(arm.name)) for arm in experiment.arms]


def _row(exposure: Exposure) -> list[Any]:
    return [
        exposure.shown_id,
        exposure.user_id,
        exposure.surface,
        exposure.model_id,
        list(exposure.track_ids),
        list(exposure.propensities),
        Jsonb(dict(exposure.assignments)),
        exposure.held_back,
        exposure.at_ms,
    ]


async def _show(connection: postgres.Connection, told: Sequence[tuple[str, str, int]]) -> int:
    """Marks lists as shown, by (user, list, time), and counts whom they expose; how many."""
    if not told:
        return 0
    found = await connection.execute(_SHOW, [*_columns(told, 3), ACTED_ON_MS])
    shown = await found.fetchall()
    exposed = [
        (experiment_id, user_id, arm, at_ms)
        for user_id, at_ms, assignments in shown
        for experiment_id, arm in assignments.items()
    ]
    if exposed:
        await connection.execute(_EXPOSE, _columns(exposed, 4))
    await _came_back(connection, [(user_id, at_ms) for user_id, at_ms, _ in shown])
    return len(shown)


async def _came_back(connection: postgres.Connection, seen: Sequence[tuple[str, int]]) -> None:
    if seen:
        await connection.execute(_CAME_BACK, [*_columns(seen, 2), CAME_BACK_FROM_MS, ACTED_ON_MS])


async def _enter(
    connection: postgres.Connection, outcomes: Sequence[Outcome]
) -> list[CountedOutcome]:
    """Enters what was not yet, and returns that."""
    values = {
        "kinds": [one.kind.value for one in outcomes],
        "users": [one.user_id for one in outcomes],
        "subjects": [one.subject for one in outcomes],
        "shown": [one.shown_id for one in outcomes],
        "at": [one.at_ms for one in outcomes],
        "acted_on": ACTED_ON_MS,
    }
    rows = await (await connection.execute(_LISTS, values)).fetchall()
    # Of what is told twice in a batch the first counts.
    by_key: dict[tuple[str, str, str], CountedOutcome] = {}
    for place, shown_id, *of_list in rows:
        outcome = outcomes[place - 1]
        key = (shown_id, outcome.kind.value, outcome.subject)
        by_key.setdefault(key, CountedOutcome(outcome, *of_list))
    if not by_key:
        return []
    entered = await connection.execute(_ENTER, _columns(sorted(by_key), 3))
    return [by_key[(row[0], row[1], row[2])] for row in await entered.fetchall()]


async def _add(connection: postgres.Connection, counted: Sequence[CountedOutcome]) -> None:
    added: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one in counted:
        outcome, play = one.outcome, one.outcome.kind is Kind.PLAY
        more = (play, outcome.skipped, outcome.completed, not play)
        for experiment_id in one.assignments:
            sums = added[(experiment_id, outcome.user_id)]
            sums[:] = [total + by for total, by in zip(sums, more, strict=True)]
    if added:
        rows = [(*key, *sums) for key, sums in added.items()]
        await connection.execute(_ADD, _columns(rows, 6))


def _columns(rows: Iterable[Sequence[Any]], count: int) -> list[list[Any]]:
    held = list(rows)
    return [[row[place] for row in held] for place in range(count)]


def _sums(arm: str, users: int, x: int, xx: int, *rest: int) -> ArmSums:
    def ratio(start: int) -> Sums:
        y, xy, yy = rest[start : start + 3]
        return Sums(users, x, y, xx, xy, yy)

    known, returned = rest[9:]
    return ArmSums(
        arm,
        users,
        {
            Metric.SKIP_RATE: ratio(0),
            Metric.SAVE_RATE: ratio(3),
            Metric.COMPLETION_RATE: ratio(6),
            Metric.RETURN_RATE: Sums(known, known, returned, known, returned, returned),
        },
    )
