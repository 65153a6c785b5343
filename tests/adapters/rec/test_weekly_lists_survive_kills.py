"""Workers are killed while they make the lists of a week: each user has one whole list."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from meshkit import postgres
from meshkit.clock import now_ms
from meshkit.testing.stores import PATIENCE_S
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.weekly_batches import PostgresWeeklyBatches
from rec_svc.domain.weeks import Week
from rec_svc.ports.tracks import TrackChange
from tests.adapters.rec.test_training_survives_kills import worker
from tests.contracts.rec.listening_world import a_play
from tests.contracts.rec.tracks_suite import a_track

USERS = 600
_LISTS = "SELECT user_id, body FROM weekly_lists WHERE week = %s"


class Lists:
    """The lists of a week, as they stand in the table."""

    def __init__(self, pool: postgres.Pool, week: Week) -> None:
        self._pool = pool
        self._week = week

    async def now(self) -> dict[str, object]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_LISTS, [self._week.key])).fetchall()
        assert len({user_id for user_id, _ in rows}) == len(rows)
        assert all(len(body["tracks"]) == 30 for _, body in rows)
        return dict(rows)

    async def until(self, count: int) -> dict[str, object]:
        """Those that there are as soon as they are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := await self.now()) < count:
                await asyncio.sleep(0.01)
        return found


@pytest.mark.timeout(300)
async def test_killed_again_and_again_and_beside_each_other_they_make_one_list_for_each(
    pool: postgres.Pool, rec_dsn: str, tmp_path: Path
) -> None:
    week, tracks = Week.at(now_ms()), [a_track(str(n)) for n in range(40)]
    await PostgresTracksReplica(pool).apply([TrackChange(one.id, 1, one) for one in tracks], "t")
    plays = [a_play(new_id(), tracks[n % 40].id, week.begins_ms - 1) for n in range(USERS)]
    await PostgresPlays(pool).apply(plays, "t")
    batches, lists = PostgresWeeklyBatches(pool), Lists(pool, week)
    await batches.start(week)
    before: dict[str, object] = {}
    for count in (1, 110, 250):
        async with worker(rec_dsn, tmp_path):
            found = await lists.until(count)
        assert found.items() >= before.items()
        before = await lists.now()
    async with worker(rec_dsn, tmp_path), worker(rec_dsn, tmp_path):
        found = await lists.until(USERS)
        async with asyncio.timeout(PATIENCE_S):
            while await batches.reached(week) is not None:
                await asyncio.sleep(0.05)
    assert found.items() >= before.items()
    assert set(found) == {play.user_id for play in plays}
    assert await lists.now() == found
