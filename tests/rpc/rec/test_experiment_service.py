"""ExperimentService as an administrator calls it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from segue.mesh.v1.options_pb2 import MethodPolicy
from segue.rec.v1 import experiment_service_pb2 as pb

from meshkit.clock import now_ms
from meshkit.contracts import contract_of
from meshkit.faults import Fault
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.domain.exposure_outcomes import Exposure, Kind, Outcome
from rec_svc.usecases.looks import TakeLooks
from tests.rpc.rec.harness import Instance, an_instance

Ranking = pb.ExperimentParameters.Ranking
Verdict = pb.ExperimentReport.Comparison.Verdict
SERVICE = pb.DESCRIPTOR.services_by_name["ExperimentService"]
WRITES = [one.name for one in SERVICE.methods if not contract_of(one).read_only]


def arm(name: str, weight: int = 50, **parameters: Any) -> pb.ExperimentArm:
    given = pb.ExperimentParameters(**parameters) if parameters else None
    return pb.ExperimentArm(name=name, weight_percent=weight, parameters=given)


def creating(name: str = "popular-first", **fields: Any) -> pb.CreateExperimentRequest:
    arms = [arm("control"), arm("popular", ranking=Ranking.POPULARITY)]
    given: dict[str, Any] = {"name": name, "planned_users": 100, "arms": arms}
    return pb.CreateExperimentRequest(**{**given, **fields})


async def created(instance: Instance, name: str = "popular-first", **fields: Any) -> pb.Experiment:
    answer = await instance.call("CreateExperiment", creating(name, **fields))
    experiment: pb.Experiment = answer.experiment
    return experiment


async def start(instance: Instance, name: str = "popular-first", percent: float = 100) -> Any:
    request = pb.StartExperimentRequest(name=name, percent=percent)
    return (await instance.call("StartExperiment", request)).experiment


async def fault_of(instance: Instance, method: str, request: object) -> tuple[str, dict[str, str]]:
    fault: Fault = await refused(instance.call(method, request))
    return fault.reason, fault.metadata


async def test_an_experiment_lives_from_draft_to_stop(instance: Instance) -> None:
    draft = await created(instance, description="What all hear first")
    assert (draft.state, draft.layer, draft.percent) == (pb.Experiment.DRAFT, "default", 0)
    assert draft.metric == pb.Experiment.SKIP_RATE
    assert [one.name for one in draft.arms] == ["control", "popular"]
    running = await start(instance, percent=12.5)
    assert (running.state, running.percent, running.version) == (pb.Experiment.RUNNING, 12.5, 2)
    ramp = pb.RampExperimentRequest(name=draft.name, percent=100)
    assert (await instance.call("RampExperiment", ramp)).experiment.percent == 100
    stop = pb.StopExperimentRequest(name=draft.name, conclusion="no", winner="control")
    over = (await instance.call("StopExperiment", stop)).experiment
    assert (over.state, over.conclusion, over.winner) == (pb.Experiment.STOPPED, "no", "control")
    found = await instance.call("GetExperiment", pb.GetExperimentRequest(name=draft.name))
    assert found.experiment == over
    assert over.started_at.ToMilliseconds() <= over.stopped_at.ToMilliseconds()


async def test_what_an_arm_serves_differently_is_kept(instance: Instance) -> None:
    model = new_id()
    arms = [arm("a", 34), arm("b", 33, model_id=model), arm("c", 33, explore_share=0.0)]
    made = await created(instance, arms=arms, metric=pb.Experiment.SAVE_RATE, layer="models")
    assert list(made.arms) == arms
    assert (made.metric, made.layer) == (pb.Experiment.SAVE_RATE, "models")


@pytest.mark.parametrize(
    ("arms", "field"),
    [
        ([arm("a", 50), arm("b", 49, explore_share=0.1)], "arms[1].weight_percent"),
        ([arm("a"), arm("a", explore_share=0.1)], "arms[1].name"),
        ([arm("a"), arm("b")], "arms"),
        ([arm("a"), arm("b", explore_share=0.51)], "arms[1].parameters.explore_share"),
        ([arm("a"), arm("b", model_id="newest")], "arms[1].parameters.model_id"),
    ],
    ids=["weights", "names", "alike", "share", "model"],
)
async def test_arms_that_cannot_be_are_refused(
    instance: Instance, arms: list[pb.ExperimentArm], field: str
) -> None:
    reason, metadata = await fault_of(instance, "CreateExperiment", creating(arms=arms))
    assert (reason, metadata["field"]) == ("INVALID_FIELD", field)


async def test_refusals_say_what_stands_in_the_way(instance: Instance) -> None:
    await created(instance)
    assert await fault_of(instance, "CreateExperiment", creating()) == (
        "EXPERIMENT_EXISTS",
        {"name": "popular-first"},
    )
    await start(instance, percent=60)
    again = pb.StartExperimentRequest(name="popular-first", percent=70)
    assert await fault_of(instance, "StartExperiment", again) == (
        "EXPERIMENT_STATE",
        {"state": "RUNNING"},
    )
    down = pb.RampExperimentRequest(name="popular-first", percent=59.99)
    assert await fault_of(instance, "RampExperiment", down) == ("RAMP_DOWN", {"percent": "60"})
    await created(instance, "second")
    full = pb.StartExperimentRequest(name="second", percent=40.01)
    assert await fault_of(instance, "StartExperiment", full) == (
        "LAYER_FULL",
        {"layer": "default", "free_percent": "40"},
    )
    await created(instance, "elsewhere", layer="elsewhere")
    taken = pb.StartExperimentRequest(name="elsewhere", percent=1)
    assert await fault_of(instance, "StartExperiment", taken) == (
        "PARAMETER_TAKEN",
        {"parameter": "ranking", "experiment": "popular-first"},
    )
    winner = pb.StopExperimentRequest(name="popular-first", winner="nobody")
    reason, metadata = await fault_of(instance, "StopExperiment", winner)
    assert (reason, metadata["field"]) == ("INVALID_FIELD", "winner")


@pytest.mark.parametrize("method", [one.name for one in SERVICE.methods if one.name[:3] != "Lis"])
async def test_what_there_is_not_is_not_found(instance: Instance, method: str) -> None:
    if method == "CreateExperiment":
        return
    request = getattr(pb, f"{method}Request")(name="nothing")
    if hasattr(request, "percent"):
        request.percent = 1
    assert await fault_of(instance, method, request) == (
        "NOT_FOUND",
        {"resource": "experiment", "id": "nothing"},
    )


async def test_a_write_on_a_version_that_was_overtaken_changes_nothing(instance: Instance) -> None:
    await created(instance)
    for request in (
        pb.StartExperimentRequest(name="popular-first", percent=1, based_on_version=2),
        pb.StopExperimentRequest(name="popular-first", based_on_version=2),
    ):
        method = type(request).__name__.removesuffix("Request")
        assert await fault_of(instance, method, request) == ("CONFLICT", {"version": "1"})
    begun = pb.StartExperimentRequest(name="popular-first", percent=1, based_on_version=1)
    await instance.call("StartExperiment", begun)
    stale = pb.RampExperimentRequest(name="popular-first", percent=2, based_on_version=1)
    assert (await fault_of(instance, "RampExperiment", stale))[0] == "CONFLICT"


def write(method: str, name: str, request_id: str) -> Any:
    """A write about the experiment of a name."""
    if method == "CreateExperiment":
        return creating(name, request_id=request_id)
    request = getattr(pb, f"{method}Request")(name=name, request_id=request_id)
    if hasattr(request, "percent"):
        request.percent = 10 if method == "StartExperiment" else 20
    return request


@pytest.mark.parametrize("method", WRITES)
async def test_every_write_is_done_once_a_request_id(instance: Instance, method: str) -> None:
    for name in ("one", "two"):
        if method != "CreateExperiment":
            await created(instance, name)
        if method == "RampExperiment":
            await start(instance, name, 10)
    calls = (instance.call(method, write(method, "one", "r1")) for _ in range(5))
    answers = await asyncio.gather(*calls)
    assert len({one.SerializeToString(deterministic=True) for one in answers}) == 1
    assert (await fault_of(instance, method, write(method, "two", "r1")))[0] == "REQUEST_ID_REUSED"
    await instance.call(method, write(method, "two", "r2"))


async def test_nobody_but_administrators_is_let_in(instance: Instance) -> None:
    assert len(SERVICE.methods) == 7
    for method in SERVICE.methods:
        policy = contract_of(method)
        assert policy.access == MethodPolicy.USER
        request = (
            getattr(pb, f"{method.name}Request")(name="one")
            if method.name != "ListExperiments"
            else pb.ListExperimentsRequest()
        )
        fault = await refused(instance.call(method.name, request, scopes=["catalog.read"]))
        assert fault.code == "PERMISSION_DENIED"


async def test_pages_end_and_belong_to_their_request(instance: Instance) -> None:
    names = [(await created(instance, f"e{n}")).name for n in range(5)]
    found, token = [], ""
    while True:
        request = pb.ListExperimentsRequest(page_size=2, page_token=token)
        answer = await instance.call("ListExperiments", request)
        found += [one.name for one in answer.experiments]
        token = answer.next_page_token
        if not token:
            break
    assert sorted(found) == names
    await start(instance, "e1", 1)
    running = pb.ListExperimentsRequest(state=pb.Experiment.RUNNING)
    answer = await instance.call("ListExperiments", running)
    assert [one.name for one in answer.experiments] == ["e1"]
    first = await instance.call("ListExperiments", pb.ListExperimentsRequest(page_size=2))
    foreign = pb.ListExperimentsRequest(
        state=pb.Experiment.RUNNING, page_token=first.next_page_token
    )
    assert (await fault_of(instance, "ListExperiments", foreign))[0] == "PAGE_TOKEN_INVALID"


async def test_who_writes_serves_by_it_at_once_and_others_when_they_read_anew(
    instance: Instance, dsn: str, valkey_url: str, tls: Path
) -> None:
    async with an_instance(dsn, valkey_url, tls) as other:
        await created(instance)
        await start(instance)
        user = new_id()
        arms = instance.parts.running.current().assignments(user).arms
        assert len(arms) == 1
        await other.parts.running.refresh()
        assert other.parts.running.current().assignments(user).arms == arms
        await instance.call("StopExperiment", pb.StopExperimentRequest(name="popular-first"))
        await other.parts.running.refresh()
        assert not other.parts.running.current().assignments(user).by_layer


async def listen(instance: Instance, user_id: str, *, skips: int, of: int) -> str:
    """A user is shown a list in their arm, plays tracks of it and skips some; the arm."""
    arms = instance.parts.running.current().assignments(user_id).arms
    tracks, made_ms = tuple(new_id() for _ in range(of)), now_ms()
    shown = Exposure(user_id, new_id(), "home", tracks, new_id(), made_ms, arms)
    await instance.parts.exposures.record(shown)
    await instance.parts.exposures.show(user_id, [shown.shown_id], made_ms)
    plays = [
        Outcome(
            kind=Kind.PLAY,
            user_id=user_id,
            subject=new_id(),
            at_ms=made_ms,
            shown_id=shown.shown_id,
            skipped=n < skips,
        )
        for n in range(of)
    ]
    await instance.parts.outcomes.count(plays)
    return next(iter(arms.values()))


async def report_of(instance: Instance) -> pb.ExperimentReport:
    request = pb.GetExperimentReportRequest(name="popular-first")
    report: pb.ExperimentReport = (await instance.call("GetExperimentReport", request)).report
    return report


async def look(instance: Instance) -> None:
    parts = instance.parts
    await TakeLooks(parts.experiments, parts.looks, parts.arm_counts, now_ms)()


async def test_a_report_of_nothing_says_so(instance: Instance) -> None:
    await created(instance)
    report = await report_of(instance)
    assert (report.users, report.valid, report.sample_ratio_p) == (0, True, 1.0)
    assert [one.verdict for one in report.comparisons] == [Verdict.UNDECIDED]
    assert not report.comparisons[0].HasField("difference")
    assert not any(rate.HasField("rate") for one in report.arms for rate in one.rates)


async def test_an_arm_whose_listeners_skip_more_is_found_worse(instance: Instance) -> None:
    await created(instance)
    await start(instance)
    users = {"control": 0, "popular": 0}
    while min(users.values()) < 50:
        user_id = new_id()
        (name,) = instance.parts.running.current().assignments(user_id).arms.values()
        if users[name] < 50:
            await listen(instance, user_id, skips=3 if name == "popular" else users[name] % 2, of=4)
            users[name] += 1
    before = await report_of(instance)
    assert [one.verdict for one in before.comparisons] == [Verdict.UNDECIDED]
    for _ in range(2):
        await look(instance)
    report = await report_of(instance)
    (comparison,) = report.comparisons
    assert (comparison.arm, comparison.verdict) == ("popular", Verdict.WORSE)
    assert [(one.number, one.fraction, one.users) for one in comparison.looks] == [(1, 1.0, 100)]
    assert comparison.difference == pytest.approx(0.625)
    assert comparison.lower < 0.625 < comparison.upper
    control = report.arms[0].rates[0]
    assert (control.chances, control.hits, control.rate) == (200, 25, 0.125)
    assert control.lower < 0.125 < control.upper
    assert (report.valid, report.users) == (True, 100)


async def test_an_arm_that_loses_users_makes_all_invalid(instance: Instance) -> None:
    await created(instance)
    await start(instance)
    users = {"control": 0, "popular": 0}
    wanted = {"control": 80, "popular": 30}
    while users != wanted:
        user_id = new_id()
        (name,) = instance.parts.running.current().assignments(user_id).arms.values()
        if users[name] < wanted[name]:
            await listen(instance, user_id, skips=0, of=1)
            users[name] += 1
    await look(instance)
    report = await report_of(instance)
    assert not report.valid
    assert [one.verdict for one in report.comparisons] == [Verdict.INVALID]
