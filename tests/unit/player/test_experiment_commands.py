"""``segue experiment``: arms as people type them, figures as they read them, and the page."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest
from segue.rec.v1 import experiment_service_pb2 as pb

from player.commands.experiment_page import page_of
from player.commands.experiment_words import arm_of, interval, points, verdict_words
from player.commands.experiments import report
from player.commands.outcome import CommandFailed

Comparison = pb.ExperimentReport.Comparison
MODEL = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"


def a_report(**fields: object) -> pb.ExperimentReport:
    """The report of an experiment of two arms, at its first look."""
    rates = [
        pb.ExperimentReport.Rate(metric=1, rate=0.3, lower=0.25, upper=0.35, chances=900, hits=270),
        pb.ExperimentReport.Rate(metric=4),
    ]
    looks = [pb.ExperimentReport.Look(number=1, users=400, fraction=0.4, z=3.6, bound=3.357)]
    worse = Comparison(
        arm="popular", verdict="WORSE", difference=0.11, lower=0.01, upper=0.21, looks=looks
    )
    given = {
        "experiment": pb.Experiment(
            name="popular-first",
            layer="default",
            description="<b>What all hear</b>",
            metric="SKIP_RATE",
            planned_users=1000,
            state="RUNNING",
            percent=50,
        ),
        "users": 400,
        "arms": [
            pb.ExperimentReport.ArmReport(arm=name, users=200, rates=rates)
            for name in ("control", "popular")
        ],
        "comparisons": [worse],
        "sample_ratio_p": 0.9,
        "valid": True,
    }
    return pb.ExperimentReport(**{**given, **fields})  # type: ignore[arg-type]


def test_an_arm_is_typed_as_name_weight_and_what_is_different() -> None:
    assert arm_of("control:50") == pb.ExperimentArm(name="control", weight_percent=50)
    arm = arm_of(f"b:25:model={MODEL},explore=0.1,ranking=popularity")
    assert arm == pb.ExperimentArm(
        name="b",
        weight_percent=25,
        parameters=pb.ExperimentParameters(
            model_id=MODEL, explore_share=0.1, ranking=pb.ExperimentParameters.POPULARITY
        ),
    )


@pytest.mark.parametrize(
    "words", ["control", "control:half", "b:50:colour=red", "b:50:explore=much", "b:50:ranking=x"]
)
def test_what_is_no_arm_is_told(words: str) -> None:
    with pytest.raises(CommandFailed):
        arm_of(words)


def test_figures_are_told_as_people_read_them() -> None:
    found = a_report()
    assert interval(found.arms[0].rates[0]) == "30.0 % (25.0 to 35.0)"
    assert interval(found.arms[0].rates[1]) == "-"
    assert points(found.comparisons[0]) == ", +11.0 points (+1.0 to +21.0)"
    assert points(Comparison(arm="b")) == ""


def test_every_verdict_has_words() -> None:
    for number in Comparison.Verdict.values()[1:]:
        assert verdict_words(Comparison(verdict=number))


def test_the_page_has_its_figures_and_plots_in_it_and_no_markup_of_others() -> None:
    page = page_of(a_report())
    images = [base64.b64decode(one) for one in re.findall(r"base64,([^\"]+)", page)]
    assert len(images) == 2
    assert all(image.startswith(b"\x89PNG") for image in images)
    assert "&lt;b&gt;What all hear" in page
    assert "worse than the control, +11.0 points" in page
    assert "http" not in page
    assert "nothing is proved" not in page


def test_the_page_of_what_is_invalid_or_not_begun_says_so() -> None:
    invalid = page_of(a_report(valid=False, sample_ratio_p=1e-5))
    assert "1e-05" in invalid
    assert "nothing is proved" in invalid
    fresh = page_of(a_report(comparisons=[Comparison(arm="popular", verdict="UNDECIDED")]))
    assert "undecided yet" in fresh
    assert fresh.count("<img") == 1


def test_without_what_draws_the_page_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert report("popular-first", html=Path("unused.html")) == 1
    assert 'pip install "segue[plots]"' in " ".join(capsys.readouterr().err.split())
