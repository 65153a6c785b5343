"""``segue experiment``: what an administrator tries on some users."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.table import Table
from segue.rec.v1 import experiment_service_pb2 as pb

from meshkit.ulids import new_id
from player.commands.experiment_words import (
    arm_of,
    interval,
    metric_words,
    points,
    state_words,
    verdict_words,
)
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.terminal_text import cell, count, plain, say, show_table
from player.mesh_client import LocalUser, MeshClient, local_username

app = App(
    name="experiment",
    help="Try ways to recommend on some users, and see which is better. For who can read the "
    "mesh's folder.",
)

_Name = Annotated[str, Parameter(name="NAME", help="The name of the experiment.")]
_Percent = Annotated[
    float, Parameter(name="PERCENT", help="The share of its layer's users, 0.01 to 100.")
]
MetricName = Literal["skip-rate", "save-rate", "completion-rate", "return-rate"]
StateName = Literal["all", "draft", "running", "stopped"]


@app.command
def create(
    name: _Name,
    /,
    *,
    arm: list[str],
    users: int,
    layer: str = "default",
    metric: MetricName = "skip-rate",
    about: str = "",
    user: User = None,
    folder: Folder = None,
) -> int:
    """Make a draft, such as: create popular-first --users 1000 --arm control:50
    --arm popular:50:ranking=popularity

    Parameters
    ----------
    arm
        NAME:WEIGHT or NAME:WEIGHT:what=value,…; the first is the control. What is different:
        model=ID, explore=0.1, ranking=score or popularity. The weights sum to 100.
    users
        How many users it is to see in all.
    layer
        Experiments of one layer share no user.
    metric
        What decides.
    about
        What it is to show.
    """

    async def work() -> int:
        request = pb.CreateExperimentRequest(
            name=name,
            layer=layer,
            description=about,
            arms=[arm_of(one) for one in arm],
            metric=pb.Experiment.Metric.Value(metric.replace("-", "_").upper()),
            planned_users=users,
            request_id=new_id(),
        )
        async with _administering(folder, user) as client:
            made = (await client.call(client.experiments.CreateExperiment, request)).experiment
        say(f"{plain(made.name)} is a draft; start it with: segue experiment start {made.name} 10")
        return 0

    return run(work())


@app.command
def start(name: _Name, percent: _Percent, /, *, user: User = None, folder: Folder = None) -> int:
    """Start a draft with a share of its layer's users."""
    request = pb.StartExperimentRequest(name=name, percent=percent, request_id=new_id())
    return run(_change("StartExperiment", request, folder, user))


@app.command
def ramp(name: _Name, percent: _Percent, /, *, user: User = None, folder: Folder = None) -> int:
    """Give a running experiment more users; those who are in it stay."""
    request = pb.RampExperimentRequest(name=name, percent=percent, request_id=new_id())
    return run(_change("RampExperiment", request, folder, user))


@app.command
def stop(
    name: _Name,
    /,
    *,
    because: str = "",
    winner: str = "",
    user: User = None,
    folder: Folder = None,
) -> int:
    """End an experiment for good; its report stays.

    Parameters
    ----------
    because
        What came out of it.
    winner
        The arm that was best.
    """
    request = pb.StopExperimentRequest(
        name=name, conclusion=because, winner=winner, request_id=new_id()
    )
    return run(_change("StopExperiment", request, folder, user))


@app.command(name="list")
def list_experiments(*, state: StateName = "all", user: User = None, folder: Folder = None) -> int:
    """Show the experiments, the newest first."""

    async def work() -> int:
        wanted = 0 if state == "all" else pb.Experiment.State.Value(state.upper())
        table = Table("name", "state", "layer", "share", "decided by", "arms", box=None)
        async with _administering(folder, user) as client:
            async for one in _listed(client, wanted):
                _add_row(table, one)
        if table.rows:
            show_table(table)
        else:
            say("there is no experiment")
        return 0

    return run(work())


@app.command
def report(
    name: _Name, /, *, html: Path | None = None, user: User = None, folder: Folder = None
) -> int:
    """Show what is known of an experiment: rates an arm, and what they prove.

    Parameters
    ----------
    html
        Write it as one page with plots into this file instead.
    """

    async def work() -> int:
        if html is not None:
            _require_plots()
        request = pb.GetExperimentReportRequest(name=name)
        async with _administering(folder, user) as client:
            found = (await client.call(client.experiments.GetExperimentReport, request)).report
        if html is None:
            _show(found)
        else:
            _write(found, html)
        return 0

    return run(work())


def _write(found: pb.ExperimentReport, file: Path) -> None:
    """Writes the page. Raises CommandFailed where the file cannot be written."""
    # Here, since it needs what only plots need.
    from player.commands.experiment_page import page_of

    try:
        file.write_text(page_of(found), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from None
    say(f"written: {plain(str(file))}")


async def _listed(client: MeshClient, state: int) -> AsyncIterator[pb.Experiment]:
    """All experiments in a state, 0 for any, page by page."""
    request = pb.ListExperimentsRequest(state=state, page_size=200)  # type: ignore[arg-type]
    while True:
        page = await client.call(client.experiments.ListExperiments, request)
        for one in page.experiments:
            yield one
        request.page_token = page.next_page_token
        if not request.page_token:
            return


def _require_plots() -> None:
    """Raises CommandFailed where nothing can draw."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise CommandFailed(
            "plots need matplotlib, which is not installed; "
            'pip install "segue[plots]" brings it, and without --html no plots are needed'
        ) from None


async def _change(method: str, request: Any, folder: Path | None, user: str | None) -> int:
    async with _administering(folder, user) as client:
        answer = await client.call(getattr(client.experiments, method), request)
    one = answer.experiment
    share = f"with {one.percent:g} % of layer {plain(one.layer)}"
    say(f"{plain(one.name)} is {state_words(one)} {share}")
    return 0


def _add_row(table: Table, one: pb.Experiment) -> None:
    arms = ", ".join(f"{arm.name} {arm.weight_percent} %" for arm in one.arms)
    words = (one.name, state_words(one), one.layer, f"{one.percent:g} %", metric_words(one.metric))
    table.add_row(*map(cell, (*words, arms)))


def _show(found: pb.ExperimentReport) -> None:
    one = found.experiment
    planned = f"{found.users:,} of {count(one.planned_users, 'user')} seen"
    say(f"{plain(one.name)}: {state_words(one)}, {planned}, decided by {metric_words(one.metric)}")
    metrics = [rate.metric for rate in found.arms[0].rates]
    table = Table("arm", "users", *map(metric_words, metrics), box=None)
    for arm in found.arms:
        table.add_row(
            cell(arm.arm), cell(f"{arm.users:,}"), *(cell(interval(r)) for r in arm.rates)
        )
    show_table(table)
    for comparison in found.comparisons:
        say(f"{plain(comparison.arm)}: {verdict_words(comparison)}{points(comparison)}")
    if not found.valid:
        p = f"{found.sample_ratio_p:.2g}"
        say(f"The users of the arms are not as their weights (p = {p}): nothing is proved.")


def _administering(folder: Path | None, user: str | None) -> MeshClient:
    """A client for the local user of a name, as an administrator."""
    return MeshClient(folder, LocalUser(user or local_username(), admin=True))
