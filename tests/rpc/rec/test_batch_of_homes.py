"""The batch of homes: for whom it makes them, that it makes none twice, and where a worker does."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb

from meshkit.clock import now_ms
from meshkit.ulids import new_id
from rec_svc.domain.tracks import Track
from rec_svc.ports.homes import KEPT_MS
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.kept_homes import KeptHomes
from rec_svc.usecases.making_home import MakeHome
from rec_svc.usecases.making_homes import PAGE, MakeHomes
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.test_home import home, played
from tests.rpc.rec.test_recommended_tracks import told

Origin = pb.GetHomeResponse.Origin


def a_batch(instance: Instance, clock: Callable[[], int] = now_ms) -> MakeHomes:
    """The batch over the stores of an instance."""
    parts = instance.parts
    models = ChosenModels(parts.serving_model, parts.models, parts.artefacts, parts.new_tracks)
    make = MakeHome(
        parts.tracks,
        parts.listening,
        models,
        parts.running,
        clock=clock,
        new_id=new_id,
        chance=random.Random(1),
    )
    kept = KeptHomes(parts.homes, make, models, parts.running, clock)
    return MakeHomes(parts.listening, kept, refresh=parts.running.refresh, clock=clock)


@pytest.fixture
async def track(instance: Instance) -> Track:
    """What everybody played."""
    track = a_track()
    await told(instance, track)
    return track


async def test_who_listened_within_two_weeks_has_a_home_before_asking(
    instance: Instance, track: Track
) -> None:
    lately, long_ago = new_id(), new_id()
    await played(instance, lately, track, days_ago=13.9)
    await played(instance, long_ago, track, days_ago=14.1)
    assert await a_batch(instance)() == 1
    origins = [(await home(instance, user_id)).origin for user_id in (lately, long_ago)]
    assert origins == [Origin.DATABASE, Origin.COMPUTED]


async def test_a_batch_that_is_begun_again_makes_none_twice_and_all_beyond_a_page(
    instance: Instance, track: Track
) -> None:
    for user_id in [new_id() for _ in range(PAGE + 1)]:
        await played(instance, user_id, track)
    batch = a_batch(instance)
    assert await batch() == PAGE + 1
    assert await batch() == 0


async def test_a_home_is_made_anew_once_half_of_its_time_is_over(
    instance: Instance, track: Track
) -> None:
    user_id = new_id()
    await played(instance, user_id, track)
    first = await home(instance, user_id)
    made_ms = first.made_at.ToMilliseconds()
    assert await a_batch(instance, lambda: made_ms + KEPT_MS // 2 - 1)() == 0
    assert await a_batch(instance, lambda: made_ms + KEPT_MS // 2)() == 1
