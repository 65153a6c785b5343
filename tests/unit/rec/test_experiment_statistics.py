"""What is said of arms: by hand, by published tables and by a thousand experiments without
effect."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from rec_svc.domain.arm_statistics import Sums, difference_of
from rec_svc.domain.experiment_reports import (
    FEWEST_USERS,
    ArmVerdict,
    Look,
    fraction_seen,
    look_is_due,
    report_of,
)
from rec_svc.domain.experiments import Arm, Parameters, started
from rec_svc.domain.sample_ratio import MISMATCH_P, sample_ratio_p
from rec_svc.domain.sequential import bounds, spent
from tests.contracts.rec.experiment_samples import NOW_MS, TWO_ARMS, a_draft, arm_sums

RUNS = 1_000
TWENTY = [n / 20 for n in range(1, 21)]


def test_bounds_are_those_of_the_published_table() -> None:
    # Lan-DeMets, O'Brien-Fleming-like, two-sided 0.05, five even looks (Reboussin et al. 2000).
    assert bounds([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(
        [4.877, 3.357, 2.680, 2.290, 2.031], abs=2e-3
    )
    assert bounds([1.0]) == pytest.approx([stats.norm.isf(0.025)], abs=1e-6)


def test_all_of_alpha_is_spent_at_the_end_and_next_to_nothing_at_the_beginning() -> None:
    for alpha in (0.05, 0.01):
        assert spent(1.0, alpha) == pytest.approx(alpha)
        assert spent(0.1, alpha) < alpha / 10_000
    assert spent(0, 0.05) == 0


@pytest.mark.parametrize("fractions", [[0.2, 0.2], [0.5, 0.4], [0.0, 1.0], [0.5, 1.01]])
def test_looks_that_do_not_see_more_have_no_bounds(fractions: list[float]) -> None:
    with pytest.raises(ValueError, match="more and more"):
        bounds(fractions)


def test_paths_without_effect_cross_as_often_as_was_spent() -> None:
    rng = np.random.default_rng(7)
    looks = [0.05, 0.12, 0.3, 0.31 + 0.05, 0.6, 0.8, 1.0]
    steps = np.diff([0.0, *looks])
    sums = np.cumsum(rng.normal(size=(200_000, len(looks))) * np.sqrt(steps), axis=1)
    crossed = np.abs(sums / np.sqrt(looks)) >= np.array(bounds(looks))
    assert crossed.any(axis=1).mean() == pytest.approx(0.05, abs=0.002)


def test_a_rate_and_its_error_are_those_computed_by_hand() -> None:
    # Three users with 1, 2 and 3 plays, of which they skip 0, 1 and 3: 4/6, residuals -2/3,
    # -1/3, 1.
    sums = Sums(users=3, x=6, y=4, xx=14, xy=11, yy=10)
    known = sums.interval()
    assert known is not None
    assert known.rate == pytest.approx(2 / 3)
    assert known.standard_error == pytest.approx(math.sqrt((4 / 9 + 1 / 9 + 1) * 3 / 2 / 36))


def _sums(plays: NDArray[np.int64], hits: NDArray[np.int64]) -> Sums:
    columns = (plays, hits, plays * plays, plays * hits, hits * hits)
    return Sums(len(plays), *(int(column.sum()) for column in columns))


def test_the_error_counts_users_and_not_plays() -> None:
    rng = np.random.default_rng(3)
    plays = rng.integers(1, 40, 400)
    hits = rng.binomial(plays, rng.beta(0.5, 1.5, 400))
    known = _sums(plays, hits).interval()
    chosen = rng.integers(0, 400, (4_000, 400))
    resampled = hits[chosen].sum(axis=1) / plays[chosen].sum(axis=1)
    assert known is not None
    assert known.standard_error == pytest.approx(resampled.std(), rel=0.06)
    by_plays = math.sqrt(known.rate * (1 - known.rate) / plays.sum())
    assert known.standard_error > 2 * by_plays


def test_of_too_little_nothing_is_said() -> None:
    assert Sums().interval() is None
    assert Sums(1, 5, 1, 25, 5, 1).interval() is None
    assert Sums(users=5).interval() is None
    assert difference_of(Sums(), Sums(2, 2, 1, 2, 1, 1)) is None


def test_arms_whose_users_are_all_alike_differ_by_no_more_than_they_can() -> None:
    nobody, everybody = Sums(20, 20, 0, 20, 0, 0), Sums(20, 20, 20, 20, 20, 20)
    found = difference_of(nobody, everybody)
    assert found is not None
    assert (found.difference, found.standard_error) == (1.0, 0.0)
    assert 5 < found.z < 7
    alike = difference_of(nobody, nobody)
    assert alike is not None
    assert alike.z == 0


def test_the_ratio_of_samples_is_wrong_once_in_a_thousand() -> None:
    assert sample_ratio_p([0, 0], [50, 50]) == 1.0
    assert sample_ratio_p([70, 30], [70, 30]) == pytest.approx(1.0)
    # 50 of 1,000 too many: z = 3.16, the probability 0.0016; 53: z = 3.35, 0.0008.
    assert sample_ratio_p([550, 450], [50, 50]) > MISMATCH_P
    assert sample_ratio_p([553, 447], [50, 50]) < MISMATCH_P


def experiments(
    arms: tuple[float, float], *, people: int = 600, seed: int = 11
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each of ``RUNS`` experiments found a difference by looking 20 times: by the
    bounds, and by 1.96. ``arms`` are the skip rates; people differ in how much they play and
    skip."""
    rng = np.random.default_rng(seed)
    edges = np.array(bounds(TWENTY))
    honest, naive = np.zeros(RUNS, bool), np.zeros(RUNS, bool)
    half = people // 2
    for run in range(RUNS):
        made = []
        for rate in arms:
            plays = rng.poisson(rng.gamma(1.5, 4.0, half)) + 1
            made.append((plays, rng.binomial(plays, rng.beta(rate * 4, (1 - rate) * 4, half))))
        seen = [
            found
            for fraction in TWENTY
            if (n := round(half * fraction)) >= FEWEST_USERS
            and (found := difference_of(*(_sums(plays[:n], hits[:n]) for plays, hits in made)))
        ]
        z = np.abs([one.z for one in seen])
        honest[run] = bool((z >= edges[-len(z) :]).any())
        naive[run] = bool((z >= 1.96).any())
    return honest, naive


def test_a_thousand_experiments_without_effect_seldom_find_one_by_looking() -> None:
    honest, naive = experiments((0.3, 0.3))
    most = stats.binom.ppf(0.999, RUNS, 0.05) / RUNS
    assert honest.mean() <= most
    assert naive.mean() > 2 * most


def test_a_worse_arm_is_found() -> None:
    honest, _ = experiments((0.3, 0.42))
    assert honest.mean() > 0.9


def _looks(*skips: tuple[int, int], of: int = 1_000) -> list[Look]:
    """Looks at even fractions, by how many users of half of the fraction skipped in each arm."""
    count = len(skips)
    return [
        Look(
            n,
            n / count,
            NOW_MS + n,
            (
                arm_sums("control", of * n // count // 2, a),
                arm_sums("popular", of * n // count // 2, b),
            ),
        )
        for n, (a, b) in enumerate(skips, 1)
    ]


RUNNING = started(a_draft(), 100, [], NOW_MS)


@pytest.mark.parametrize(
    ("skips", "verdict"),
    [
        ([(25, 26)], ArmVerdict.NO_DIFFERENCE),
        ([(100, 200), (200, 300)], ArmVerdict.WORSE),
        ([(200, 100), (300, 200)], ArmVerdict.BETTER),
        # Once it crossed, it is decided, whatever comes.
        ([(50, 150), (300, 300)], ArmVerdict.WORSE),
        ([], ArmVerdict.UNDECIDED),
    ],
)
def test_the_first_look_that_crosses_decides(
    skips: list[tuple[int, int]], verdict: ArmVerdict
) -> None:
    looks = _looks(*skips)
    arms = looks[-1].arms if looks else (arm_sums("control", 0, 0), arm_sums("popular", 0, 0))
    (comparison,) = report_of(RUNNING, arms, looks).comparisons
    assert comparison.verdict is verdict
    assert comparison.arm == "popular"


def test_what_was_seen_between_looks_decides_nothing() -> None:
    now = (arm_sums("control", 60, 0), arm_sums("popular", 60, 60))
    (comparison,) = report_of(RUNNING, now, []).comparisons
    assert comparison.verdict is ArmVerdict.UNDECIDED
    assert comparison.difference is not None
    assert comparison.difference.difference == 1.0


def test_a_mismatch_of_samples_makes_all_invalid() -> None:
    looks = _looks((100, 300), (150, 400))
    wrong = (arm_sums("control", 500, 150), arm_sums("popular", 400, 390))
    report = report_of(RUNNING, wrong, looks)
    assert not report.valid
    assert [one.verdict for one in report.comparisons] == [ArmVerdict.INVALID]


def test_of_several_arms_each_has_its_part_of_the_errors() -> None:
    arms = (
        Arm("control", 34),
        Arm("popular", 33, TWO_ARMS[1].parameters),
        Arm("b", 33, Parameters(explore_share=0.1)),
    )
    three = started(a_draft(arms=arms), 100, [], NOW_MS)
    known = tuple(arm_sums(arm.name, 300, 100) for arm in arms)
    report = report_of(three, known, [Look(1, 1.0, NOW_MS, known)])
    assert [one.bound for one in report.comparisons] == pytest.approx([stats.norm.isf(0.0125)] * 2)


def _seen(*counts: int) -> list:  # type: ignore[type-arg]
    return [
        arm_sums(arm, count, 0) for arm, count in zip(("control", "popular"), counts, strict=True)
    ]


def test_a_look_is_due_by_what_was_seen() -> None:
    first = Look(1, 0.05, NOW_MS, ())
    assert not look_is_due(RUNNING, _seen(25, 24), None)
    assert look_is_due(RUNNING, _seen(25, 25), None)
    assert not look_is_due(RUNNING, _seen(100, FEWEST_USERS - 1), None)
    assert look_is_due(RUNNING, _seen(100, FEWEST_USERS), None)
    assert not look_is_due(RUNNING, _seen(50, 49), first)
    assert look_is_due(RUNNING, _seen(50, 50), first)
    assert not look_is_due(RUNNING, _seen(500, 499), Look(9, 0.9, NOW_MS, ()))
    assert look_is_due(RUNNING, _seen(500, 500), Look(9, 0.9, NOW_MS, ()))
    assert not look_is_due(RUNNING, _seen(900, 900), Look(10, 1.0, NOW_MS, ()))
    assert fraction_seen(RUNNING, _seen(900, 900)) == 1.0
