"""What radios give next, through RPC, in a catalogue of 100,000 tracks that a model knows.

    python -m bench radio

One instance over a real PostgreSQL, with mTLS and tokens, in the process of its client. Catalogue,
listeners and model are invented: a blend of 64 factors a track and of 50 neighbours a track. Each
radio is asked for 20 tracks ten times, one call after the other, and of what it gave two tracks are
skipped and one is saved before each call, so that none is ranked as the one before. The user
played 1,000 tracks, 200 of them within 48 h.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import uvloop
from scipy.sparse import csr_matrix
from segue.rec.v1 import radio_service_pb2 as pb
from threadpoolctl import threadpool_limits

from bench.report import Figure, quantile
from meshkit.clock import now_ms
from meshkit.testing import stores
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.radio_feedback import PostgresRadioFeedback
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.plays import Play
from rec_svc.domain.scorers import Blend, ItemFactors, ItemWeights, Part
from rec_svc.domain.tracks import Track
from rec_svc.ports.radios import RadioPlay, RadioSave
from rec_svc.ports.tracks import TrackChange
from rec_svc.schema import SCHEMA
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.served_model import serve

TRACKS = 100_000
ARTISTS = 10_000
NEIGHBOURS = 50
RADIOS = 30
BLOCKS = 10
MUST_MS = 10.0
SEED = 42
HOUR_MS = 3_600_000


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


async def _listened(instance: Instance, user_id: str, tracks: list[Track]) -> None:
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
    await PostgresPlays(instance.pool).apply(plays, "t")


async def _radio(instance: Instance, user_id: str, track: Track) -> list[float]:
    """How long each block of a radio took, in ms."""
    feedback = PostgresRadioFeedback(instance.pool)
    started = await instance.radio("StartRadio", pb.StartRadioRequest(track_id=track.id), user_id)
    radio_id, times = started.radio.radio_id, []
    for _ in range(BLOCKS):
        began = time.perf_counter()
        answer = await instance.radio(
            "ListNextTracks", pb.ListNextTracksRequest(radio_id=radio_id), user_id
        )
        times.append((time.perf_counter() - began) * 1000)
        given, at_ms = [one.id for one in answer.tracks], now_ms() + 60
        await feedback.play(
            [RadioPlay(radio_id, user_id, one, at_ms, skipped=True) for one in given[3:5]]
        )
        await feedback.save([RadioSave(user_id, given[7], at_ms, saved=True)])
    return times


async def measure() -> list[Figure]:
    """The times of all blocks."""
    tracks, chance = invented_tracks(), random.Random(SEED)
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
                user_id = new_id()
                await _listened(instance, user_id, chance.sample(tracks, 1_000))
                await _radio(instance, user_id, tracks[0])
                seeds = chance.sample(tracks, RADIOS)
                times = [one for seed in seeds for one in await _radio(instance, user_id, seed)]
    about = "radio next, 20 of 100,000 tracks through RPC, steered before each call"
    return [
        Figure(f"{about}: p50", quantile(times, 0.5), "ms", None),
        Figure(f"{about}: p95", quantile(times, 0.95), "ms", f"limit {MUST_MS:g} ms"),
    ]


def run() -> list[Figure]:
    """About a minute."""
    # As where it serves.
    with threadpool_limits(1):
        return uvloop.run(measure())


if __name__ == "__main__":
    from bench.report import table

    sys.stdout.write(table(run()) + "\n")
