"""Experiments in words: what a person types of their arms, and what is said of their figures."""

from __future__ import annotations

from segue.rec.v1 import experiment_service_pb2 as pb

from player.commands.outcome import CommandFailed

_VERDICT = pb.ExperimentReport.Comparison.Verdict
_SAID = {
    _VERDICT.UNDECIDED: "undecided yet",
    _VERDICT.BETTER: "better than the control",
    _VERDICT.WORSE: "worse than the control",
    _VERDICT.NO_DIFFERENCE: "no different from the control",
    _VERDICT.INVALID: "nothing is proved",
}
_UNKNOWN = "-"


def arm_of(words: str) -> pb.ExperimentArm:
    """The arm of ``name:weight`` or ``name:weight:what=value,…``. Raises CommandFailed."""
    name, _, rest = words.partition(":")
    weight, _, given = rest.partition(":")
    if not weight.isdecimal():
        raise CommandFailed(f"an arm is NAME:WEIGHT, such as control:50, not {words}")
    arm = pb.ExperimentArm(name=name, weight_percent=int(weight))
    for part in filter(None, given.split(",")):
        what, _, value = part.partition("=")
        _set(arm.parameters, what, value)
    return arm


def _set(parameters: pb.ExperimentParameters, what: str, value: str) -> None:
    try:
        if what == "model":
            parameters.model_id = value
        elif what == "explore":
            parameters.explore_share = float(value)
        elif what == "ranking":
            parameters.ranking = pb.ExperimentParameters.Ranking.Value(value.upper())
        else:
            raise ValueError(what)
    except ValueError:
        raise CommandFailed(
            f"{what}={value} says nothing: an arm has model=ID, explore=0.1, "
            "ranking=score or ranking=popularity"
        ) from None


def metric_words(metric: pb.Experiment.Metric.ValueType) -> str:
    """A metric, such as ``skip rate``."""
    return pb.Experiment.Metric.Name(metric).replace("_", " ").lower()


def state_words(one: pb.Experiment) -> str:
    """A state, such as ``running``."""
    return pb.Experiment.State.Name(one.state).lower()


def verdict_words(comparison: pb.ExperimentReport.Comparison) -> str:
    """What is proved of an arm."""
    return _SAID[comparison.verdict]


def interval(rate: pb.ExperimentReport.Rate) -> str:
    """A rate and its interval, such as ``12.5 % (10.1 to 14.9)``."""
    if not rate.HasField("rate"):
        return _UNKNOWN
    return f"{rate.rate:.1%} ({100 * rate.lower:.1f} to {100 * rate.upper:.1f})".replace("%", " %")


def points(comparison: pb.ExperimentReport.Comparison) -> str:
    """By how many percentage points an arm differs from the control, and between which bounds."""
    if not comparison.HasField("difference"):
        return ""
    words = f", {100 * comparison.difference:+.1f} points"
    if comparison.HasField("lower"):
        words += f" ({100 * comparison.lower:+.1f} to {100 * comparison.upper:+.1f})"
    return words
