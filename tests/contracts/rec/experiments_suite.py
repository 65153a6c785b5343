"""The contract of experiments and their looks, run against every adapter.

Subclass a suite and give it a fixture ``experiments`` or ``looks`` that returns a fresh store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from meshkit.faults import FailedPrecondition, NotFound, RequestIdReused
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id
from rec_svc.domain.experiment_faults import ExperimentExists, LayerFull
from rec_svc.domain.experiment_reports import Look
from rec_svc.domain.experiments import Experiment, State, ramped, started, stopped
from rec_svc.ports.experiments import Experiments, Looks
from tests.contracts.rec.experiment_samples import NOW_MS, a_draft, arm_sums

MOST = 5
"""So many experiments a store under test keeps."""


def key(request_id: str, body: bytes = b"body") -> RequestKey:
    """The key of an administrator's request."""
    return RequestKey("admin", "/change", request_id, body)


def starting(percent: float):  # type: ignore[no-untyped-def]
    """Starts a draft with a share of its layer."""
    return lambda found, running: started(found, percent, running, NOW_MS)


def stopping(found: Experiment, running: Sequence[Experiment]) -> Experiment:
    """Ends an experiment."""
    return stopped(found, NOW_MS, conclusion="enough", winner="control")


class ExperimentsContract:
    """What every ``Experiments`` must keep."""

    async def test_a_draft_is_found_as_it_was_made(self, experiments: Experiments) -> None:
        draft = a_draft(description="More of what all hear", planned_users=77)
        assert await experiments.create(draft) == draft
        assert await experiments.find(draft.name) == draft
        assert await experiments.find("other") is None
        assert await experiments.running() == []

    async def test_a_name_is_given_once_and_to_one_of_many(self, experiments: Experiments) -> None:
        results = await asyncio.gather(
            *(experiments.create(a_draft("one")) for _ in range(10)), return_exceptions=True
        )
        assert sum(isinstance(one, Experiment) for one in results) == 1
        assert sum(isinstance(one, ExperimentExists) for one in results) == 9
        await experiments.change("one", stopping)
        with pytest.raises(ExperimentExists):
            await experiments.create(a_draft("one"))

    async def test_a_repeated_request_makes_one_and_another_body_is_refused(
        self, experiments: Experiments
    ) -> None:
        made = await experiments.create(a_draft("one"), key("r1"))
        assert await experiments.create(a_draft("one"), key("r1")) == made
        with pytest.raises(RequestIdReused):
            await experiments.create(a_draft("two"), key("r1", b"other"))
        assert await experiments.find("two") is None

    async def test_there_are_only_so_many(self, experiments: Experiments) -> None:
        for n in range(MOST):
            await experiments.create(a_draft(f"e{n}"))
        with pytest.raises(FailedPrecondition) as refused:
            await experiments.create(a_draft("more"))
        assert (refused.value.reason, refused.value.metadata) == (
            "COLLECTION_FULL",
            {"limit": str(MOST)},
        )

    async def test_what_is_changed_is_kept_and_what_runs_is_told(
        self, experiments: Experiments
    ) -> None:
        draft = await experiments.create(a_draft("one"))
        running = await experiments.change("one", starting(20))
        assert running == started(draft, 20, [], NOW_MS)
        assert await experiments.running() == [running]
        over = await experiments.change("one", stopping)
        assert await experiments.find("one") == over
        assert await experiments.running() == []

    async def test_a_change_is_made_once_a_request(self, experiments: Experiments) -> None:
        await experiments.create(a_draft("one"))
        first = await experiments.change("one", starting(20), key("r1"))
        await experiments.change("one", lambda found, running: ramped(found, 50, running))
        assert await experiments.change("one", starting(20), key("r1")) == first
        with pytest.raises(RequestIdReused):
            await experiments.change("one", starting(30), key("r1", b"other"))

    async def test_a_change_that_is_refused_leaves_all_as_it_was(
        self, experiments: Experiments
    ) -> None:
        draft = await experiments.create(a_draft("one"))

        def refuse(found: Experiment, running: Sequence[Experiment]) -> Experiment:
            raise LayerFull("default", 1)

        for _ in range(2):
            with pytest.raises(LayerFull):
                await experiments.change("one", refuse, key("r1"))
        assert await experiments.find("one") == draft
        with pytest.raises(NotFound):
            await experiments.change("other", stopping)

    async def test_of_two_that_start_at_once_none_takes_what_the_other_has(
        self, experiments: Experiments
    ) -> None:
        for n in range(4):
            await experiments.create(a_draft(f"e{n}"))
        results = await asyncio.gather(
            *(experiments.change(f"e{n}", starting(30)) for n in range(4)), return_exceptions=True
        )
        made = [one for one in results if isinstance(one, Experiment)]
        assert len(made) == 3
        assert len(set().union(*(one.buckets.all() for one in made))) == 9_000
        assert sum(isinstance(one, LayerFull) for one in results) == 1

    async def test_pages_are_the_newest_first_and_of_one_state(
        self, experiments: Experiments
    ) -> None:
        made = [
            await experiments.create(a_draft(f"e{n}", created_at_ms=NOW_MS + n // 2))
            for n in range(4)
        ]
        made.sort(key=lambda one: (one.created_at_ms, one.experiment_id), reverse=True)
        assert await experiments.page(None, None, 9) == made
        place = (made[1].created_at_ms, made[1].experiment_id)
        assert await experiments.page(None, place, 1) == made[2:3]
        running = await experiments.change("e1", starting(1))
        assert await experiments.page(State.RUNNING, None, 9) == [running]
        assert await experiments.page(State.STOPPED, None, 9) == []


class LooksContract:
    """What every ``Looks`` must keep; ``experiment`` is one that there is."""

    async def test_looks_are_kept_in_their_order_and_never_changed(
        self, looks: Looks, experiment: Experiment
    ) -> None:
        arms = (arm_sums("control", 30, 3), arm_sums("popular", 29, 7))
        first, second = Look(1, 0.05, NOW_MS, arms), Look(2, 0.1, NOW_MS + 1, arms)
        assert await looks.of(experiment.experiment_id) == []
        assert [await looks.add(experiment.experiment_id, one) for one in (second, first)] == [
            True,
            True,
        ]
        assert not await looks.add(experiment.experiment_id, replace(first, fraction=0.9))
        assert await looks.of(experiment.experiment_id) == [first, second]
        assert await looks.of(new_id()) == []
