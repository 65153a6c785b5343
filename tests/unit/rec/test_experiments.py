"""Experiments: who is in which arm, and what may be done with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from scipy import stats

from meshkit.faults import InvalidArgument
from rec_svc.domain.buckets import BUCKETS
from rec_svc.domain.experiment_faults import (
    ExperimentConflict,
    ExperimentState,
    LayerFull,
    ParameterTaken,
    RampDown,
)
from rec_svc.domain.experiments import (
    Arm,
    Parameters,
    Ranking,
    Running,
    State,
    assignments,
    ramped,
    started,
    stopped,
)
from tests.contracts.rec.experiment_samples import NOW_MS, TWO_ARMS, a_draft, users

USERS = users(20_000)
OTHER = (Arm("control", 50), Arm("explore", 50, Parameters(explore_share=0.2)))


def test_nobody_is_in_a_draft_and_a_share_of_all_in_what_runs() -> None:
    draft = a_draft()
    assert not [user for user in USERS if draft.arm_of(user)]
    running = started(draft, 20, [], NOW_MS)
    inside = sum(running.arm_of(user) is not None for user in USERS)
    assert stats.binomtest(inside, len(USERS), 0.2).pvalue > 1e-4
    assert (running.state, running.percent, running.version) == (State.RUNNING, 20.0, 2)


def test_arms_get_users_by_their_weights() -> None:
    arms = (
        Arm("control", 70),
        Arm("popular", 29, TWO_ARMS[1].parameters),
        Arm("b", 1, OTHER[1].parameters),
    )
    running = started(
        a_draft(arms=arms, experiment_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T"), 100, [], NOW_MS
    )
    found = Counter(arm.name for user in USERS if (arm := running.arm_of(user)))
    assert sum(found.values()) == len(USERS)
    counts = [found[arm.name] for arm in arms]
    assert (
        stats.chisquare(counts, [len(USERS) * arm.weight_percent / 100 for arm in arms]).pvalue
        > 1e-4
    )


def test_ramping_up_keeps_everybody_in_their_arm() -> None:
    running = started(a_draft(), 5, [], NOW_MS)
    before = {user: arm for user in USERS if (arm := running.arm_of(user))}
    for percent in (5.01, 20, 100):
        running = ramped(running, percent, [running])
        assert all(running.arm_of(user) == arm for user, arm in before.items())
        before = {user: arm for user in USERS if (arm := running.arm_of(user))}
    assert len(before) == len(USERS)


def test_a_ramp_to_what_there_is_changes_nothing_and_down_is_refused() -> None:
    running = started(a_draft(), 20, [], NOW_MS)
    assert ramped(running, 20, [running]) is running
    with pytest.raises(RampDown) as refused:
        ramped(running, 19.99, [running])
    assert refused.value.metadata == {"percent": "20"}


def test_experiments_of_a_layer_share_no_user() -> None:
    first = started(a_draft("first"), 60, [], NOW_MS)
    second = started(a_draft("second"), 40, [first], NOW_MS)
    inside = [(first.arm_of(user), second.arm_of(user)) for user in USERS]
    assert all((one is None) is not (other is None) for one, other in inside)


def test_a_layer_that_is_full_takes_nobody_until_another_is_over() -> None:
    first = started(a_draft("first"), 99.99, [], NOW_MS)
    for change in (
        lambda: started(a_draft("second"), 0.02, [first], NOW_MS),
        lambda: ramped(started(a_draft("second"), 0.01, [first], NOW_MS), 0.02, [first]),
    ):
        with pytest.raises(LayerFull) as refused:
            change()
        assert refused.value.metadata == {"layer": "default", "free_percent": "0.01"}
    assert started(a_draft("second"), 0.01, [first], NOW_MS).buckets.size == 1
    assert started(a_draft("second"), 100, [], NOW_MS).buckets.size == BUCKETS


def test_everybody_is_served_as_is_said_for_all_unless_an_arm_says_otherwise() -> None:
    running = started(a_draft(arms=OTHER), 100, [], NOW_MS)
    everybody = Running([running], 0, Parameters(explore_share=0.05))
    shares = [everybody.assignments(f"u{n}").parameters.explore_share for n in range(200)]
    assert set(shares) == {0.05, 0.2}
    held_back = replace(everybody, held_back_percent=100)
    assert held_back.assignments("u1").parameters == Parameters(explore_share=0.05)


def test_layers_overlap_as_chance_has_it() -> None:
    first = started(a_draft("first"), 50, [], NOW_MS)
    second = started(a_draft("second", layer="explore", arms=OTHER), 50, [first], NOW_MS)
    table = Counter((first.arm_of(u) is None, second.arm_of(u) is None) for u in USERS)
    assert (
        stats.chi2_contingency([[table[a, b] for a in (True, False)] for b in (True, False)]).pvalue
        > 1e-4
    )


def test_two_layers_never_try_the_same_parameter_at_once() -> None:
    first = started(a_draft("first"), 10, [], NOW_MS)
    with pytest.raises(ParameterTaken) as refused:
        started(a_draft("second", layer="other"), 10, [first], NOW_MS)
    assert refused.value.metadata == {"parameter": "ranking", "experiment": "first"}


def test_a_user_is_served_by_all_arms_that_they_are_in() -> None:
    first = started(a_draft("first"), 100, [], NOW_MS)
    second = started(a_draft("second", layer="explore", arms=OTHER), 100, [first], NOW_MS)
    running = Running([first, second])
    together = [running.assignments(user) for user in USERS[:200]]
    assert {one.parameters for one in together} == {
        Parameters(explore_share=share, ranking=ranking)
        for share in (None, 0.2)
        for ranking in (None, Ranking.POPULARITY)
    }
    assert all(set(one.arms) == {first.experiment_id, second.experiment_id} for one in together)


def test_who_is_held_back_is_in_nothing_and_stays_so_when_more_are() -> None:
    running = [started(a_draft(), 100, [], NOW_MS)]
    few = {u for u in USERS if assignments(u, running, held_back_percent=5).held_back}
    more = {u for u in USERS if assignments(u, running, held_back_percent=10).held_back}
    assert few < more
    assert stats.binomtest(len(few), len(USERS), 0.05).pvalue > 1e-4
    assert all(not assignments(u, running, held_back_percent=5).by_layer for u in few)
    assert not [u for u in USERS if assignments(u, running).held_back]


def test_what_is_over_is_over() -> None:
    running = started(a_draft(), 100, [], NOW_MS)
    over = stopped(running, NOW_MS + 1, conclusion="worse", winner="control")
    assert (over.state, over.stopped_at_ms, over.winner) == (State.STOPPED, NOW_MS + 1, "control")
    for change in (
        lambda: started(over, 1, [], NOW_MS),
        lambda: ramped(over, 100, []),
        lambda: stopped(over, NOW_MS),
        lambda: started(running, 100, [], NOW_MS),
        lambda: ramped(a_draft(), 1, []),
    ):
        with pytest.raises(ExperimentState):
            change()


def test_a_winner_is_an_arm() -> None:
    with pytest.raises(InvalidArgument) as refused:
        stopped(a_draft(), NOW_MS, winner="nobody")
    assert refused.value.metadata["field"] == "winner"


def test_a_version_that_was_overtaken_changes_nothing() -> None:
    draft = a_draft()
    for version in (0, 1):
        draft.require_version(version)
    with pytest.raises(ExperimentConflict):
        draft.require_version(2)


CONTROL, POPULAR = TWO_ARMS


@pytest.mark.parametrize(
    ("arms", "field"),
    [
        ((replace(CONTROL, weight_percent=49), POPULAR), "arms[1].weight_percent"),
        ((replace(CONTROL, weight_percent=51), POPULAR), "arms[1].weight_percent"),
        ((replace(CONTROL, weight_percent=100),), "arms"),
        ((CONTROL, replace(POPULAR, name="control")), "arms[1].name"),
        ((CONTROL, replace(CONTROL, name="same")), "arms"),
        (tuple(replace(POPULAR, name=f"a{n}", weight_percent=10) for n in range(9)), "arms"),
    ],
    ids=["49+50", "51+50", "one", "one-name", "alike", "nine"],
)
def test_arms_that_try_nothing_are_refused(arms: tuple[Arm, ...], field: str) -> None:
    a_draft().require_valid()
    with pytest.raises(InvalidArgument) as refused:
        a_draft(arms=arms).require_valid()
    assert refused.value.metadata["field"] == field
