"""Between experiments and the messages of their contract."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from segue.rec.v1 import experiment_service_pb2 as pb

from meshkit.clock import instant_of_ms
from meshkit.timestamps import timestamp_of
from rec_svc.domain.arm_statistics import ArmSums, Metric
from rec_svc.domain.experiment_reports import ArmVerdict, Comparison, Report, SeenAt
from rec_svc.domain.experiments import Arm, Experiment, Parameters, Ranking, State

_DEFAULT_LAYER = "default"
_MOST = (1 << 31) - 1


def draft(request: pb.CreateExperimentRequest, experiment_id: str, now_ms: int) -> Experiment:
    """The draft that a request asks for."""
    metric = pb.Experiment.Metric.Name(request.metric or pb.Experiment.SKIP_RATE)
    return Experiment(
        experiment_id=experiment_id,
        name=request.name,
        layer=request.layer or _DEFAULT_LAYER,
        arms=tuple(_arm_of(arm) for arm in request.arms),
        planned_users=request.planned_users,
        created_at_ms=now_ms,
        description=request.description,
        metric=Metric[metric],
    )


def state_of(wire: pb.Experiment.State.ValueType) -> State | None:
    """The state of a request; None: all."""
    return State[pb.Experiment.State.Name(wire)] if wire else None


def experiment(one: Experiment) -> pb.Experiment:
    """The message of an experiment."""
    return pb.Experiment(
        experiment_id=one.experiment_id,
        name=one.name,
        layer=one.layer,
        description=one.description,
        arms=[_arm(arm) for arm in one.arms],
        metric=pb.Experiment.Metric.Value(one.metric.name),
        planned_users=one.planned_users,
        state=pb.Experiment.State.Value(one.state.name),
        percent=one.percent,
        version=one.version,
        created_at=timestamp_of(instant_of_ms(one.created_at_ms)),
        started_at=_stamp(one.started_at_ms),
        stopped_at=_stamp(one.stopped_at_ms),
        conclusion=one.conclusion,
        winner=one.winner,
    )


def report(one: Report) -> pb.ExperimentReport:
    """The message of a report."""
    return pb.ExperimentReport(
        experiment=experiment(one.experiment),
        users=one.users,
        arms=[_arm_report(arm) for arm in one.arms],
        comparisons=[_comparison(comparison) for comparison in one.comparisons],
        sample_ratio_p=one.sample_ratio_p,
        valid=one.valid,
    )


def _stamp(at_ms: int | None) -> Timestamp | None:
    return None if at_ms is None else timestamp_of(instant_of_ms(at_ms))


def _arm(arm: Arm) -> pb.ExperimentArm:
    given = arm.parameters
    ranking = given.ranking.name if given.ranking else "RANKING_UNSPECIFIED"
    parameters = pb.ExperimentParameters(
        model_id=given.model_id or "",
        explore_share=given.explore_share,
        ranking=pb.ExperimentParameters.Ranking.Value(ranking),
    )
    return pb.ExperimentArm(
        name=arm.name,
        weight_percent=arm.weight_percent,
        parameters=parameters if given.changed else None,
    )


def _arm_of(message: pb.ExperimentArm) -> Arm:
    given = message.parameters
    ranking = (
        Ranking[pb.ExperimentParameters.Ranking.Name(given.ranking)] if given.ranking else None
    )
    share = given.explore_share if given.HasField("explore_share") else None
    parameters = Parameters(given.model_id or None, share, ranking)
    return Arm(message.name, message.weight_percent, parameters)


def _arm_report(arm: ArmSums) -> pb.ExperimentReport.ArmReport:
    rates = [_rate(arm, metric) for metric in Metric]
    return pb.ExperimentReport.ArmReport(arm=arm.arm, users=arm.users, rates=rates)


def _rate(arm: ArmSums, metric: Metric) -> pb.ExperimentReport.Rate:
    sums = arm.of(metric)
    known = sums.interval()
    return pb.ExperimentReport.Rate(
        metric=pb.Experiment.Metric.Value(metric.name),
        users=sums.users,
        chances=min(sums.x, _MOST),
        hits=min(sums.y, _MOST),
        rate=known.rate if known else None,
        lower=known.lower if known else None,
        upper=known.upper if known else None,
    )


def _comparison(one: Comparison) -> pb.ExperimentReport.Comparison:
    message = pb.ExperimentReport.Comparison(
        arm=one.arm, verdict=_VERDICTS[one.verdict], looks=[_look(seen) for seen in one.looks]
    )
    if one.difference is not None:
        message.difference = one.difference.difference
        if one.bound is not None:
            message.lower, message.upper = one.difference.interval(one.bound)
    return message


def _look(seen: SeenAt) -> pb.ExperimentReport.Look:
    return pb.ExperimentReport.Look(
        number=seen.look.number,
        taken_at=timestamp_of(instant_of_ms(seen.look.taken_at_ms)),
        users=seen.look.users,
        fraction=seen.look.fraction,
        z=seen.z,
        bound=seen.bound,
    )


_VERDICTS = {
    verdict: pb.ExperimentReport.Comparison.Verdict.Value(verdict.name) for verdict in ArmVerdict
}
