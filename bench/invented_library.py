"""An instance of rec_svc whose catalogue of 100,000 tracks a model knows; all of it is invented.

One instance over a real PostgreSQL and Valkey, with mTLS and tokens, in the process of its client.
The model is a blend of 64 factors a track and of 50 neighbours a track.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from meshkit.clock import now_ms
from meshkit.testing import stores
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.plays import Play
from rec_svc.domain.scorers import Blend, ItemFactors, ItemWeights, Part
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import TrackChange
from rec_svc.schema import SCHEMA
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.served_model import serve

TRACKS = 100_000
ARTISTS = 10_000
NEIGHBOURS = 50
SEED = 42
HOUR_MS = 3_600_000


@asynccontextmanager
async def invented_library() -> AsyncIterator[tuple[Instance, list[Track]]]:
    """The instance, and the tracks of its catalogue."""
    tracks = invented_tracks()
    with (
        stores.postgres_server() as server,
        stores.valkey_server() as valkey_url,
        tempfile.TemporaryDirectory() as folder,
    ):
        template = await server.template("rec", SCHEMA.migrate)
        with server.database(template) as dsn:
            async with an_instance(dsn, valkey_url, Path(folder)) as instance:
                replica = PostgresTracksReplica(instance.pool)
                for start in range(0, TRACKS, 5_000):
                    part = tracks[start : start + 5_000]
                    await replica.apply([TrackChange(one.id, 1, one, 1) for one in part], "t")
                async with instance.pool.connection() as connection:
                    await connection.execute("ANALYZE")
                await serve(instance, invented_model(tracks))
                yield instance, tracks


def invented_tracks() -> list[Track]:
    """Tracks of ten an artist."""
    artists = [new_id() for _ in range(ARTISTS)]
    return [
        Track(
            id=new_id(),
            title=f"Track {number}",
            artist=f"Artist {number % ARTISTS}",
            artist_id=artists[number % ARTISTS],
            duration_ms=200_000,
            genre=f"genre {number % 50}",
        )
        for number in range(TRACKS)
    ]


def invented_model(tracks: list[Track]) -> Model:
    """What a blend's work is like; whom it recommends is chance."""
    drawn = np.random.default_rng(SEED)
    factors = drawn.normal(size=(TRACKS, 64)).astype(np.float32)
    near = drawn.integers(0, TRACKS, TRACKS * NEIGHBOURS).astype(np.int32)
    weights = drawn.random(len(near), dtype=np.float32)
    ends = np.arange(TRACKS + 1) * NEIGHBOURS
    neighbours = csr_matrix((weights, near, ends), shape=(TRACKS, TRACKS))
    neighbours.sum_duplicates()
    parts = (
        Part("IALS", ItemFactors(factors, Regularisation(0.01, 0.01)), 1.0),
        Part("ITEM_KNN", ItemWeights(neighbours), 0.25),
    )
    return Model(
        new_id(),
        now_ms(),
        TrackIndex(track.id for track in tracks),
        np.arange(TRACKS, dtype=np.int32) % ARTISTS,
        drawn.random(TRACKS, dtype=np.float32),
        Blend(parts),
    )


async def listened(instance: Instance, user_id: str, tracks: list[Track]) -> None:
    """The user played each of the tracks once, within five days."""
    at_ms = now_ms()
    plays = [
        Play(
            play_id=new_id(),
            user_id=user_id,
            track_id=track.id,
            begun_ms=at_ms - (place % 5 * 24 + 1) * HOUR_MS,
            left_ms=at_ms - (place % 5 * 24 + 1) * HOUR_MS + 200_000,
            heard_ms=200_000,
            counted=True,
        )
        for place, track in enumerate(tracks)
    ]
    await PostgresPlays(instance.pool).apply(plays, new_id())
