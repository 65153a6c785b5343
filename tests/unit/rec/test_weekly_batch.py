"""The batch of a week: whom it makes lists for, where it goes on, and when it ends."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshkit.faults import Unavailable
from meshkit.ulids import new_id
from rec_svc.adapters.memory.experiments import MemoryExperiments
from rec_svc.adapters.memory.exposures import MemoryExposures
from rec_svc.adapters.memory.listening import MemoryListening
from rec_svc.adapters.memory.models import MemoryModelArtefacts, MemoryModels
from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.adapters.memory.weekly_batches import MemoryWeeklyBatches
from rec_svc.adapters.memory.weekly_lists import MemoryWeeklyLists
from rec_svc.domain.weekly_lists import KeptList
from rec_svc.domain.weeks import Week
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.new_tracks import NewTracks
from rec_svc.usecases.recommending import Listener, Recommending
from rec_svc.usecases.running_experiments import RefreshedExperiments
from rec_svc.usecases.serving_model import FollowedModel
from rec_svc.usecases.weekly_batch import ACTIVE_MS, PAGE, MakeWeeklyLists, StartWeekly
from rec_svc.usecases.weekly_lists import MakeWeeklyList
from tests.contracts.rec.listening_world import a_play
from tests.contracts.rec.tracks_suite import a_track

WEEK = Week(2026, 53)


class World:
    """A catalogue of forty tracks, two of them premium, at the begin of a week."""

    def __init__(self) -> None:
        self.now_ms = WEEK.begins_ms
        self.listening, self.lists = MemoryListening(), MemoryWeeklyLists()
        self.batches, self.refreshed = MemoryWeeklyBatches(), 0
        self.tracks = MemoryTracks()
        self.all = [a_track(str(n), premium=n < 2) for n in range(40)]
        models, artefacts = MemoryModels(), MemoryModelArtefacts()
        experiments = MemoryExperiments()
        recommending = Recommending(
            self.tracks,
            self.listening,
            ChosenModels(
                FollowedModel(models, artefacts),
                models,
                artefacts,
                NewTracks(self.tracks, self.clock),
            ),
            RefreshedExperiments(experiments, held_back_percent=0),
            MemoryExposures(experiments),
            clock=self.clock,
            new_id=new_id,
            chance=random.Random(1),
        )
        self.make_one = MakeWeeklyList(
            self.tracks, self.listening, self.lists, recommending, self.clock, new_id
        )

    def clock(self) -> int:
        return self.now_ms

    async def told(self) -> None:
        await self.tracks.apply([TrackChange(one.id, 1, one) for one in self.all], "t")

    async def played(self, at_ms: int, count: int = 1) -> list[str]:
        """So many users who left a track then, by id."""
        users = sorted(new_id() for _ in range(count))
        plays = [a_play(user_id, self.all[5].id, at_ms) for user_id in users]
        await self.listening.plays.apply(plays, new_id())
        return users

    def batch(self, make: Callable[[], None] = lambda: None) -> MakeWeeklyLists:
        """The batch; ``make`` is called before each list is made."""

        async def refresh() -> None:
            self.refreshed += 1

        world = self

        class Made(MakeWeeklyList):
            def __init__(self) -> None:
                pass

            async def __call__(self, listener: Listener, week: Week) -> KeptList:
                make()
                return await world.make_one(listener, week)

        return MakeWeeklyLists(
            self.batches, self.listening, self.lists, Made(), refresh=refresh, clock=self.clock
        )

    async def with_lists(self, users: list[str]) -> list[str]:
        return [one for one in users if await self.lists.find(one, WEEK) is not None]


@pytest.fixture
async def world() -> World:
    world = World()
    await world.told()
    return world


async def test_who_listened_lately_gets_a_list_that_every_plan_may_play(world: World) -> None:
    lately = await world.played(WEEK.begins_ms - ACTIVE_MS)
    long_ago = await world.played(WEEK.begins_ms - ACTIVE_MS - 1)
    await StartWeekly(world.batches, world.clock)()
    await world.batch()(WEEK)
    assert await world.with_lists(lately + long_ago) == lately
    kept = await world.lists.find(lately[0], WEEK)
    assert kept is not None
    assert len(kept.list.tracks) == 30
    assert not {one.id for one in world.all[:2]} & set(kept.list.track_ids)
    assert await world.batches.reached(WEEK) is None


async def test_it_goes_on_where_it_was_and_makes_no_list_anew(world: World) -> None:
    users = await world.played(WEEK.begins_ms - 1, 2 * PAGE + 5)
    await StartWeekly(world.batches, world.clock)()
    made = 0

    def fail_in_the_second_page() -> None:
        nonlocal made
        made += 1
        if made == PAGE + 10:
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        await world.batch(fail_in_the_second_page)(WEEK)
    assert await world.batches.reached(WEEK) == users[PAGE - 1]
    before = [await world.lists.find(one, WEEK) for one in users[: PAGE + 9]]
    assert None not in before
    await world.batch(fail_in_the_second_page)(WEEK)
    assert made == len(users) + 1
    assert await world.with_lists(users) == users
    assert [await world.lists.find(one, WEEK) for one in users[: PAGE + 9]] == before
    # Two pages and a rest, and the one that was looked at twice.
    assert world.refreshed == 4


async def test_a_week_that_ends_ends_its_batch(world: World) -> None:
    users = await world.played(WEEK.begins_ms - 1, PAGE + 1)
    await StartWeekly(world.batches, world.clock)()

    def sunday_ends() -> None:
        world.now_ms = WEEK.ends_ms

    await world.batch(sunday_ends)(WEEK)
    assert await world.with_lists(users) == users[:PAGE]
    await StartWeekly(world.batches, world.clock)()
    assert world.batches.queued == [WEEK, Week(2027, 1)]


async def test_a_batch_that_was_never_begun_does_nothing(world: World) -> None:
    users = await world.played(WEEK.begins_ms - 1)
    await world.batch()(WEEK)
    assert await world.with_lists(users) == []
