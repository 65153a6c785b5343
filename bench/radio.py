"""What radios give next, through RPC, in a catalogue of 100,000 tracks that a model knows.

    python -m bench radio

The library is that of ``bench.invented_library``. Each radio is asked for 20 tracks ten times, one
call after the other; of what it gave two tracks are skipped before each call, and one is saved
before the fifth. So none is ranked as the one before. The user played 1,000 tracks, 200 of them
within 48 h.
"""

from __future__ import annotations

import random
import sys
import time
from typing import NamedTuple

import uvloop
from segue.rec.v1 import radio_service_pb2 as pb
from threadpoolctl import threadpool_limits

from bench.invented_library import SEED, invented_library, listened
from bench.report import Figure, quantile
from meshkit.clock import now_ms
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.radio_feedback import PostgresRadioFeedback
from rec_svc.domain.tracks import Track
from rec_svc.ports.radios import RadioPlay, RadioSave
from tests.rpc.rec.harness import Instance

RADIOS = 30
BLOCKS = 10
SAVED_AFTER = 4
MUST_MS = 10.0


class _Took(NamedTuple):
    """Milliseconds of the clock, and of the processor by client and instance together."""

    clock_ms: float
    processor_ms: float


async def _radio(instance: Instance, user_id: str, track: Track) -> list[_Took]:
    """How long each block of a radio took."""
    feedback = PostgresRadioFeedback(instance.pool)
    started = await instance.radio("StartRadio", pb.StartRadioRequest(track_id=track.id), user_id)
    radio_id, times = started.radio.radio_id, []
    for block in range(1, BLOCKS + 1):
        began, used = time.perf_counter(), time.process_time()
        answer = await instance.radio(
            "ListNextTracks", pb.ListNextTracksRequest(radio_id=radio_id), user_id
        )
        times.append(
            _Took((time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000)
        )
        given, at_ms = [one.id for one in answer.tracks], now_ms() + 60
        await feedback.play(
            [RadioPlay(radio_id, user_id, one, at_ms, skipped=True) for one in given[3:5]]
        )
        if block == SAVED_AFTER:
            await feedback.save([RadioSave(user_id, given[7], at_ms, saved=True)])
    return times


async def measure() -> list[Figure]:
    """The times of all blocks."""
    chance = random.Random(SEED)
    async with invented_library() as (instance, tracks):
        user_id = new_id()
        await listened(instance, user_id, chance.sample(tracks, 1_000))
        await _radio(instance, user_id, tracks[0])
        seeds = chance.sample(tracks, RADIOS)
        times = [one for seed in seeds for one in await _radio(instance, user_id, seed)]
    about = "radio next, 20 of 100,000 tracks through RPC, steered before each call"
    clock, used = [one.clock_ms for one in times], [one.processor_ms for one in times]
    return [
        Figure(f"{about}: p50", quantile(clock, 0.5), "ms", None),
        Figure(f"{about}: p95", quantile(clock, 0.95), "ms", f"limit {MUST_MS:g} ms"),
        Figure("the same, of the processor, client included: p50", quantile(used, 0.5), "ms", None),
    ]


def run() -> list[Figure]:
    """About a minute."""
    # As where it serves.
    with threadpool_limits(1):
        return uvloop.run(measure())


if __name__ == "__main__":
    from bench.report import table

    sys.stdout.write(table(run()) + "\n")
