"""Workers are killed while they make homes after a training: each listener has one whole home."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from meshkit import postgres
from meshkit.clock import now_ms
from meshkit.testing.stores import PATIENCE_S
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.homes import PostgresHomes
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.trainings import PostgresTrainings
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.training import training_of_now
from tests.adapters.rec.test_training_survives_kills import worker
from tests.contracts.rec.listening_world import a_play
from tests.contracts.rec.tracks_suite import a_track

USERS = 250
_MADE = "SELECT user_id, made_at_ms FROM homes WHERE body IS NOT NULL"


async def made(pool: postgres.Pool, count: int) -> Mapping[str, int]:
    """When each home was made, as soon as there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with pool.connection() as connection:
                found = dict(await (await connection.execute(_MADE)).fetchall())
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


@pytest.mark.timeout(300)
async def test_killed_again_and_again_they_make_one_home_for_each_who_listened(
    pool: postgres.Pool, rec_dsn: str, tmp_path: Path
) -> None:
    tracks = [a_track(str(n)) for n in range(20)]
    await PostgresTracksReplica(pool).apply([TrackChange(one.id, 1, one) for one in tracks], "t")
    plays = [a_play(new_id(), tracks[n % 20].id, now_ms() - 60_000) for n in range(USERS)]
    await PostgresPlays(pool).apply(plays, "t")
    assert await PostgresTrainings(pool).start(training_of_now("POPULARITY", 0, anew=False))
    before: Mapping[str, int] = {}
    for count in (1, 100, USERS):
        async with worker(rec_dsn, tmp_path):
            found = await made(pool, count)
        assert found.items() >= before.items()
        before = found
    assert set(before) == {play.user_id for play in plays}
    homes = PostgresHomes(pool)
    for user_id in before:
        kept = (await homes.find(user_id)).kept
        assert kept is not None
        assert kept.home.shelves
