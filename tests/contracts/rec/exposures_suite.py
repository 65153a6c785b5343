"""The contract of the log of exposures, run against every adapter.

Subclass the suite and give it a fixture ``log`` that returns a fresh ``LogUnderTest``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from meshkit.ulids import new_id
from rec_svc.domain.arm_statistics import ArmSums, Metric, Sums
from rec_svc.domain.experiments import Experiment, started, stopped
from rec_svc.domain.exposure_outcomes import CountedOutcome, Exposure, Kind, Outcome
from rec_svc.ports.experiments import Experiments
from rec_svc.ports.exposures import (
    ACTED_ON_MS,
    CAME_BACK_FROM_MS,
    KEPT_MS,
    MOST_OF_USER,
    ArmCounts,
    Exposures,
    Outcomes,
)
from tests.contracts.rec.experiment_samples import NOW_MS, a_draft

MODEL = new_id()
TRACKS = (new_id(), new_id(), new_id())


class Log(Exposures, Outcomes, ArmCounts, Protocol):
    """All that an adapter is."""


@dataclass(frozen=True)
class LogUnderTest:
    """A log, and the experiments beside it."""

    log: Log
    experiments: Experiments

    async def running(self, name: str = "one") -> Experiment:
        """An experiment of the arms control and popular that runs with everybody."""
        await self.experiments.create(a_draft(name))
        return await self.experiments.change(
            name, lambda found, _: started(found, 100 if name == "one" else 0.01, [], NOW_MS)
        )

    async def stop(self, experiment: Experiment) -> None:
        """Ends it."""
        await self.experiments.change(experiment.name, lambda found, _: stopped(found, NOW_MS))

    async def arm(self, experiment: Experiment, arm: str, now_ms: int = NOW_MS) -> ArmSums:
        """What is known of an arm."""
        arms = await self.log.of(experiment, now_ms)
        return next(one for one in arms if one.arm == arm)

    async def shown(self, user_id: str, *of: Experiment, **fields: Any) -> Exposure:
        """A list of the arm control that was made and shown."""
        exposure = a_list(user_id, *of, **fields)
        await self.log.record(exposure)
        assert await self.log.show(user_id, [exposure.shown_id], exposure.at_ms) == 1
        return exposure


def a_list(user_id: str, *of: Experiment, arm: str = "control", **fields: Any) -> Exposure:
    """A list that was made for a user in an arm of those experiments."""
    given: dict[str, Any] = {
        "user_id": user_id,
        "shown_id": new_id(),
        "surface": "home",
        "track_ids": TRACKS,
        "model_id": MODEL,
        "at_ms": NOW_MS,
        "assignments": {one.experiment_id: arm for one in of},
        "propensities": (0.5, 0.25, 0.25),
    }
    return Exposure(**{**given, **fields})


def a_play(exposure: Exposure, **fields: Any) -> Outcome:
    """A play from a list, by its user."""
    given: dict[str, Any] = {
        "kind": Kind.PLAY,
        "user_id": exposure.user_id,
        "subject": new_id(),
        "at_ms": exposure.at_ms + 1,
        "shown_id": exposure.shown_id,
    }
    return Outcome(**{**given, **fields})


def a_save(user_id: str, track_id: str, at_ms: int = NOW_MS + 1) -> Outcome:
    """A track that a user saved."""
    return Outcome(kind=Kind.SAVE, user_id=user_id, subject=track_id, at_ms=at_ms)


def outcomes_of(counted: Sequence[CountedOutcome]) -> set[Outcome]:
    """What was counted."""
    return {one.outcome for one in counted}


class ExposuresContract:
    """What every log must keep."""

    async def test_what_is_made_and_not_shown_counts_nobody(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        exposure = a_list(new_id(), experiment)
        await log.log.record(exposure)
        assert [one.users for one in await log.log.of(experiment, NOW_MS)] == [0, 0]
        assert await log.log.show(exposure.user_id, [exposure.shown_id], NOW_MS) == 1
        assert [one.users for one in await log.log.of(experiment, NOW_MS)] == [1, 0]

    async def test_a_list_is_shown_once_and_a_user_counts_once(self, log: LogUnderTest) -> None:
        experiment, user = await log.running(), new_id()
        lists = [a_list(user, experiment) for _ in range(3)]
        for one in lists:
            await log.log.record(one)
        ids = [one.shown_id for one in lists]
        shown = await asyncio.gather(*(log.log.show(user, ids * 2, NOW_MS) for _ in range(5)))
        assert sum(shown) == 3
        assert (await log.arm(experiment, "control")).users == 1

    async def test_several_lists_are_kept_at_once(self, log: LogUnderTest) -> None:
        user_id = new_id()
        lists = [a_list(user_id) for _ in range(3)]
        await log.log.record(*lists)
        await log.log.record()
        shown_ids = [one.shown_id for one in lists]
        assert await log.log.show(user_id, shown_ids, NOW_MS) == 3

    async def test_of_two_lists_with_one_id_the_first_counts(self, log: LogUnderTest) -> None:
        experiment, shown_id, user = await log.running(), new_id(), new_id()
        await log.log.record(a_list(user, experiment, arm="popular", shown_id=shown_id))
        await log.log.record(a_list(user, experiment, shown_id=shown_id))
        await log.log.record(a_list(new_id(), experiment, shown_id=shown_id))
        await log.log.show(user, [shown_id], NOW_MS)
        assert [one.users for one in await log.log.of(experiment, NOW_MS)] == [0, 1]

    async def test_nobody_shows_what_is_another_users_unknown_or_too_old(
        self, log: LogUnderTest
    ) -> None:
        experiment, user = await log.running(), new_id()
        exposure = a_list(user, experiment)
        await log.log.record(exposure)
        assert await log.log.show(new_id(), [exposure.shown_id], NOW_MS) == 0
        assert await log.log.show(user, [new_id()], NOW_MS) == 0
        assert await log.log.show(user, [], NOW_MS) == 0
        assert await log.log.show(user, [exposure.shown_id], NOW_MS + ACTED_ON_MS) == 0
        assert await log.log.show(user, [exposure.shown_id], NOW_MS + ACTED_ON_MS - 1) == 1

    async def test_what_is_shown_after_the_end_counts_nobody(self, log: LogUnderTest) -> None:
        experiment, user = await log.running(), new_id()
        exposure = a_list(user, experiment)
        await log.log.record(exposure)
        await log.stop(experiment)
        assert await log.log.show(user, [exposure.shown_id], NOW_MS) == 1
        assert (await log.arm(experiment, "control")).users == 0

    async def test_plays_skips_and_ends_are_summed_by_user(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        one = await log.shown(new_id(), experiment)
        two = await log.shown(new_id(), experiment)
        told = [
            a_play(one, skipped=True),
            a_play(one, completed=True),
            a_play(one),
            a_play(two, skipped=True),
        ]
        assert outcomes_of(await log.log.count(told)) == set(told)
        arm = await log.arm(experiment, "control")
        assert arm.of(Metric.SKIP_RATE) == Sums(users=2, x=4, y=2, xx=10, xy=4, yy=2)
        assert arm.of(Metric.COMPLETION_RATE) == Sums(users=2, x=4, y=1, xx=10, xy=3, yy=1)
        assert (await log.arm(experiment, "popular")).users == 0

    async def test_what_is_told_again_is_counted_once(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        shown = await log.shown(new_id(), experiment)
        told = [a_play(shown, skipped=True) for _ in range(3)]
        told += [a_save(shown.user_id, TRACKS[0])]
        counted = await asyncio.gather(*(log.log.count([*told, *told]) for _ in range(4)))
        assert sum(len(one) for one in counted) == 4
        arm = await log.arm(experiment, "control")
        assert (arm.of(Metric.SKIP_RATE).x, arm.of(Metric.SAVE_RATE).y) == (3, 1)

    async def test_a_play_shows_the_list_that_it_names(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        made = a_list(new_id(), experiment)
        await log.log.record(made)
        (counted,) = await log.log.count([a_play(made)])
        assert (counted.surface, counted.model_id) == ("home", MODEL)
        assert counted.assignments == made.assignments
        arm = await log.arm(experiment, "control")
        assert (arm.users, arm.of(Metric.SKIP_RATE).x) == (1, 1)

    async def test_a_play_of_another_users_list_or_of_none_counts_nowhere(
        self, log: LogUnderTest
    ) -> None:
        experiment = await log.running()
        shown = await log.shown(new_id(), experiment)
        told = [a_play(shown, user_id=new_id()), a_play(shown, shown_id=new_id())]
        assert await log.log.count([*told, a_play(shown, shown_id="")]) == []
        assert await log.log.count([]) == []
        assert (await log.arm(experiment, "control")).of(Metric.SKIP_RATE).x == 0

    async def test_a_week_after_it_was_shown_a_list_counts_no_more(self, log: LogUnderTest) -> None:
        shown = await log.shown(new_id(), await log.running())
        late = NOW_MS + ACTED_ON_MS
        assert await log.log.count([a_play(shown, at_ms=late)]) == []
        assert await log.log.count([a_save(shown.user_id, TRACKS[0], late)]) == []
        assert len(await log.log.count([a_play(shown, at_ms=late - 1)])) == 1
        assert len(await log.log.count([a_save(shown.user_id, TRACKS[0], late - 1)])) == 1

    async def test_a_save_counts_for_the_list_that_was_shown_last_with_the_track(
        self, log: LogUnderTest
    ) -> None:
        experiment, user = await log.running(), new_id()
        await log.shown(user, experiment, model_id="first")
        await log.shown(user, experiment, model_id="second", at_ms=NOW_MS + 10)
        await log.shown(user, experiment, model_id="third", at_ms=NOW_MS + 20, track_ids=TRACKS[1:])
        (counted,) = await log.log.count([a_save(user, TRACKS[0], NOW_MS + 30)])
        assert counted.model_id == "second"
        (counted,) = await log.log.count([a_save(user, TRACKS[1], NOW_MS + 5)])
        assert counted.model_id == "first"
        told = [a_save(user, new_id()), a_save(user, TRACKS[2], NOW_MS - 1)]
        assert await log.log.count([*told, a_save(new_id(), TRACKS[2])]) == []
        arm = await log.arm(experiment, "control")
        assert arm.of(Metric.SAVE_RATE) == Sums(users=1, x=0, y=2, xx=0, xy=0, yy=4)

    async def test_who_comes_back_within_the_week_returned(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        by_list, by_play, at_once, late = [await log.shown(new_id(), experiment) for _ in range(4)]
        day = NOW_MS + CAME_BACK_FROM_MS
        await log.shown(by_list.user_id, at_ms=day)
        await log.log.count([a_play(by_play, at_ms=NOW_MS + ACTED_ON_MS - 1)])
        await log.shown(at_once.user_id, at_ms=day - 1)
        await log.shown(late.user_id, at_ms=NOW_MS + ACTED_ON_MS)
        week = NOW_MS + ACTED_ON_MS
        before = await log.arm(experiment, "control", week - 1)
        assert before.of(Metric.RETURN_RATE).users == 0
        after = await log.arm(experiment, "control", week)
        assert after.of(Metric.RETURN_RATE) == Sums(users=4, x=4, y=2, xx=4, xy=2, yy=2)

    async def test_who_is_erased_leaves_nothing(self, log: LogUnderTest) -> None:
        experiment = await log.running()
        gone, stays = [await log.shown(new_id(), experiment) for _ in range(2)]
        await log.log.count([a_play(gone), a_play(stays)])
        for _ in range(2):
            await self.erase(log, gone.user_id)
        arm = await log.arm(experiment, "control")
        assert (arm.users, arm.of(Metric.SKIP_RATE).x) == (1, 1)
        assert await log.log.count([a_play(gone)]) == []
        assert await log.log.show(gone.user_id, [gone.shown_id], NOW_MS) == 0
        late = a_list(gone.user_id, experiment)
        await log.log.record(late)
        assert await log.log.show(gone.user_id, [late.shown_id], NOW_MS) == 0

    async def test_what_nothing_can_happen_to_any_more_is_dropped_and_sums_stay(
        self, log: LogUnderTest
    ) -> None:
        experiment = await log.running()
        shown = await log.shown(new_id(), experiment)
        await log.log.count([a_play(shown)])
        assert await log.log.prune(NOW_MS + KEPT_MS - 1) == 0
        assert await log.log.prune(NOW_MS + KEPT_MS) == 1
        assert (await log.arm(experiment, "control")).of(Metric.SKIP_RATE).x == 1

    async def test_of_a_user_the_newest_lists_are_kept(self, log: LogUnderTest) -> None:
        user, other = new_id(), await log.shown(new_id())
        lists = [a_list(user, at_ms=NOW_MS + n) for n in range(MOST_OF_USER + 2)]
        for one in lists:
            await log.log.record(one)
        shown = [await log.log.show(user, [one.shown_id], NOW_MS + 1_000) for one in lists[:4]]
        assert shown == [0, 0, 1, 1]
        assert len(await log.log.count([a_play(other)])) == 1

    async def erase(self, log: LogUnderTest, user_id: str) -> None:
        """Everything that is done of a user who is erased."""
        await log.log.erase(user_id)
