"""Home through RPC, in a catalogue of 100,000 tracks that a model knows.

    python -m bench homes

The library is that of ``bench.invented_library``. Listeners played 1,000 tracks each. *Warm* is a
home that is kept in Valkey, beside an empty call: one with the same token through the same server
that is refused for one of its fields, so that nothing is done for it; both by turns, so that what
else the machine does meets both. *Cold* is the first call of a listener: the home is made and kept.
The batch makes homes of other listeners, one after the other as a worker does, and keeps them.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

import uvloop
from segue.rec.v1 import recommendation_service_pb2 as pb
from threadpoolctl import threadpool_limits

from bench.invented_library import SEED, invented_library, listened
from bench.report import Figure, quantile
from meshkit.faults import InvalidArgument
from meshkit.ulids import new_id
from rec_svc.domain.tracks import Track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.test_batch_of_homes import a_batch

WARM = 1_000
COLD = 100
PLAYED = 1_000
WARM_MUST_MS = 5.0
COLD_MUST_MS = 50.0
T = TypeVar("T")
Origin = pb.GetHomeResponse.Origin


class Took(NamedTuple):
    """How long a call took, and what client and server used of the processor for it, in ms."""

    wall: float
    processor: float


async def _took(call: Awaitable[T]) -> tuple[Took, T | None]:
    began, used = time.perf_counter(), time.process_time()
    answer = None
    with suppress(InvalidArgument):
        answer = await call
    wall_s, processor_s = time.perf_counter() - began, time.process_time() - used
    return Took(wall_s * 1000, processor_s * 1000), answer


async def _home(instance: Instance, user_id: str, origin: int) -> Took:
    """How long a home took, which must come from there."""
    took, answer = await _took(instance.recommend("GetHome", pb.GetHomeRequest(), user_id))
    if answer is None or answer.origin != origin or len(answer.shelves) < 4:
        raise RuntimeError(f"not a home of that origin: {answer}")
    return took


async def _listeners(
    instance: Instance, tracks: list[Track], count: int, chance: random.Random
) -> list[str]:
    users = [new_id() for _ in range(count)]
    for user_id in users:
        await listened(instance, user_id, chance.sample(tracks, PLAYED))
    return users


async def measure() -> list[Figure]:
    """Cold first, then warm, then the batch."""
    chance = random.Random(SEED)
    async with invented_library() as (instance, tracks):
        first, *users = await _listeners(instance, tracks, COLD + 1, chance)
        await _home(instance, first, Origin.COMPUTED)
        cold = [await _home(instance, user_id, Origin.COMPUTED) for user_id in users]
        refused = pb.ListSimilarTracksRequest(track_id=tracks[0].id, limit=-1)
        warm: list[Took] = []
        empty: list[Took] = []
        for number in range(WARM):
            user_id = users[number % COLD]
            call = instance.recommend("ListSimilarTracks", refused, user_id)
            empty.append((await _took(call))[0])
            warm.append(await _home(instance, user_id, Origin.CACHE))
        others = await _listeners(instance, tracks, COLD, chance)
        batch, began = a_batch(instance), time.perf_counter()
        made = await batch()
        users_a_s = made / (time.perf_counter() - began)
        if made != len(others):
            raise RuntimeError(f"the batch made {made} homes")
    about = "home at 100,000 tracks, through RPC"
    beyond = _p95(warm) - _p95(empty)
    work = _processor(warm) - _processor(empty)
    return [
        Figure(f"{about}: an empty call, p95", _p95(empty), "ms", None),
        Figure(f"{about}: warm beyond that, p95", beyond, "ms", f"limit {WARM_MUST_MS:g} ms"),
        Figure(f"{about}: warm beyond that, processor, p50", work, "ms", None),
        Figure(f"{about}: cold, p95", _p95(cold), "ms", f"limit {COLD_MUST_MS:g} ms"),
        Figure(f"{about}: cold, p50", quantile([one.wall for one in cold], 0.5), "ms", None),
        Figure(f"{about}: cold, processor, p50", _processor(cold), "ms", None),
        Figure("a batch of homes at 100,000 tracks", users_a_s, "users/s", None),
    ]


def _p95(times: Sequence[Took]) -> float:
    return quantile([one.wall for one in times], 0.95)


def _processor(times: Sequence[Took]) -> float:
    return quantile([one.processor for one in times], 0.5)


def run() -> list[Figure]:
    """About two minutes."""
    # As where it serves.
    with threadpool_limits(1):
        return uvloop.run(measure())


if __name__ == "__main__":
    from bench.report import table

    sys.stdout.write(table(run()) + "\n")
