"""``segue train`` and ``segue models``: what recommends, for an administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from segue.rec.v1 import model_service_pb2 as models_pb
from segue.rec.v1 import training_service_pb2 as pb

from meshkit.ulids import new_id
from player.commands.following import followed
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.paging import pages
from player.commands.terminal_text import plain, say, show_table, when
from player.mesh_client import LocalUser, MeshClient, local_username

app = App(
    name="models",
    help="Show what was trained, and which model recommends. For who can read the mesh's folder.",
)

TrainerName = Literal["blend", "ials", "edlae", "item-knn", "popularity", "spark-als"]
_Model = Annotated[str, Parameter(name="MODEL", help="The id of a model.")]


def train(
    *,
    trainer: TrainerName = "blend",
    seed: int = 0,
    search: bool = False,
    wait: Annotated[bool, Parameter(negative="--no-wait")] = True,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Train a model on what was listened to; it recommends from then on if it is good enough.

    The work is the mesh's: it goes on when this command is interrupted. A model is trained daily
    without it.

    Parameters
    ----------
    trainer
        What to train with; spark-als where the workers of the mesh have Spark.
    seed
        The seed of all that is drawn by chance.
    search
        Search parameters anew, though there are those of the model that recommends now.
    wait
        Show the progress until it is done; --no-wait returns at once.
    """

    async def work() -> int:
        request = pb.StartTrainingRequest(
            trainer=trainer.replace("-", "_").upper(),
            seed=seed,
            search_parameters=search,
            request_id=new_id(),
        )
        async with MeshClient(folder, _administrator(user)) as client:
            started = (await client.call(client.trainings.StartTraining, request)).training
            if not wait:
                say(f"training {started.training_id} goes on in the mesh")
                return 0
            return await _report(client, await _show_progress(client, started))

    return run(work())


@app.command(name="list")
def list_models(*, user: User = None, folder: Folder = None) -> int:
    """Show the models, the newest first."""

    async def work() -> int:
        table = Table("model", "made", "trainer", "NDCG@10", "popular", "coverage", "", box=None)
        async with MeshClient(folder, _administrator(user)) as client:
            request = models_pb.ListModelsRequest(page_size=500)
            async for page in pages(client, client.models.ListModels, request):
                for one in page.models:
                    table.add_row(*model_words(one))
        if table.rows:
            show_table(table)
        else:
            say("no model was trained yet; train one with: segue train")
        return 0

    return run(work())


@app.command
def promote(model: _Model, /, *, user: User = None, folder: Folder = None) -> int:
    """Have a model recommend, within a minute at every instance."""
    request = models_pb.PromoteModelRequest(model_id=model, request_id=new_id())
    return run(_change("PromoteModel", request, folder, user))


@app.command
def rollback(*, user: User = None, folder: Folder = None) -> int:
    """Have the model recommend that did before, within a minute at every instance."""
    return run(
        _change("RollbackModel", models_pb.RollbackModelRequest(request_id=new_id()), folder, user)
    )


def model_words(one: models_pb.Model) -> tuple[str, ...]:
    """A line of the table of models."""
    metrics = {metric.name: metric.value for metric in one.metrics}
    state = "recommends" if one.serving else "passed" if one.passed else "refused"
    return (
        one.model_id,
        when(one.created_at),
        plain(one.trainer),
        f"{metrics.get('ndcg@10', 0):.4f} ± {metrics.get('ndcg@10_se', 0):.4f}",
        f"{metrics.get('popularity_ndcg@10', 0):.4f}",
        f"{metrics.get('coverage@10', 0):.1%}",
        state,
    )


async def _change(method: str, request: Any, folder: Folder, user: User) -> int:
    async with MeshClient(folder, _administrator(user)) as client:
        done = (await client.call(getattr(client.models, method), request)).model
    say(f"model {done.model_id} recommends: every instance has it within a minute")
    return 0


async def watch_training(client: MeshClient, training_id: str) -> AsyncIterator[Any]:
    """The Training at every change until it is over; watches again when a stream ends early."""
    request = pb.WatchTrainingRequest(training_id=training_id)
    async for answer in followed(client, client.trainings.WatchTraining, request):
        yield answer.training


async def _show_progress(client: MeshClient, started: Any) -> Any:
    latest = started
    with Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task("waiting for a worker", total=1.0)
        async for latest in watch_training(client, started.training_id):
            words = plain(latest.stage) or "waiting for a worker"
            progress.update(bar, completed=latest.progress, description=words)
        if latest.state == pb.Training.State.DONE:
            # What came last may have been too short to be told.
            progress.update(bar, completed=1.0, description="judged")
    return latest


async def _report(client: MeshClient, finished: Any) -> int:
    if finished.state == pb.Training.State.FAILED:
        raise CommandFailed(f"the training failed: {finished.error}")
    request = models_pb.GetModelRequest(model_id=finished.model_id)
    made = (await client.call(client.models.GetModel, request)).model
    verdict = "it recommends from now on" if made.passed else "it does not recommend"
    say(f"model {made.model_id}: {verdict}. {plain(made.verdict)}")
    return 0


def _administrator(user: User) -> LocalUser:
    return LocalUser(user or local_username(), admin=True)
