"""TrainingService and ModelService as an administrator calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.rec.v1 import model_service_pb2 as models_pb
from segue.rec.v1 import training_service_pb2 as pb
from segue.rec.v1.model_service_pb2_grpc import ModelServiceStub
from segue.rec.v1.training_service_pb2_grpc import TrainingServiceStub

from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.adapters.memory.models import MemoryModelArtefacts
from rec_svc.usecases.serving_model import FollowedModel
from tests.contracts.rec.models_suite import some_info, some_model
from tests.rpc.rec.harness import ADMIN, Instance, an_instance

State = pb.Training.State


def calls(instance: Instance, stub: Callable[..., Any]) -> Callable[..., Any]:
    """Calls of a service by name, by an administrator."""
    service = stub(instance.mesh.client_channel("edge", "rec"))

    def call(name: str, request: Any, **token: Any) -> Any:
        return getattr(service, name)(request, metadata=instance.mesh.token(ADMIN, **token))

    return call


@pytest.fixture
async def training(instance: Instance) -> Callable[..., Any]:
    return calls(instance, TrainingServiceStub)


@pytest.fixture
async def model(instance: Instance) -> Callable[..., Any]:
    return calls(instance, ModelServiceStub)


async def entered(instance: Instance, *, passed: bool = True, created_at_ms: int = 1) -> str:
    info = replace(some_info(new_id(), created_at_ms), passed=passed)
    await instance.parts.models.add(info)
    return info.model_id


async def test_a_training_waits_for_a_worker(training: Callable[..., Any]) -> None:
    request = pb.StartTrainingRequest(seed=4, search_parameters=True)
    started = (await training("StartTraining", request)).training
    assert (started.state, started.trainer, started.seed) == (State.QUEUED, "BLEND", 4)
    assert started.search_parameters
    got = await training("GetTraining", pb.GetTrainingRequest(training_id=started.training_id))
    assert got.training == started
    listed = await training("ListTrainings", pb.ListTrainingsRequest())
    assert list(listed.trainings) == [started]


async def test_one_training_is_under_way_at_a_time(training: Callable[..., Any]) -> None:
    first = await training("StartTraining", pb.StartTrainingRequest(request_id="a"))
    again = await training("StartTraining", pb.StartTrainingRequest(request_id="a"))
    assert again == first
    fault = await refused(training("StartTraining", pb.StartTrainingRequest()))
    assert fault.reason == "TRAINING_UNDER_WAY"
    assert fault.metadata == {"training_id": first.training.training_id}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.StartTrainingRequest(trainer="NOTHING"), "trainer"),
        (pb.StartTrainingRequest(seed=-1), "seed"),
    ],
    ids=["trainer", "seed"],
)
async def test_what_cannot_be_trained_is_refused(
    training: Callable[..., Any], request_: pb.StartTrainingRequest, field: str
) -> None:
    fault = await refused(training("StartTraining", request_))
    assert [violation.field for violation in fault.violations] == [field]


async def test_whoever_watches_sees_a_training_to_its_end(
    instance: Instance, training: Callable[..., Any]
) -> None:
    started = (await training("StartTraining", pb.StartTrainingRequest())).training
    request = pb.WatchTrainingRequest(training_id=started.training_id)
    stream = training("WatchTraining", request)
    assert (await stream.read()).training == started
    store = instance.parts.trainings
    await store.report(started.training_id, "fitting", 0.5, {})
    told = (await stream.read()).training
    assert (told.state, told.stage, told.progress) == (State.RUNNING, "fitting", 0.5)
    await store.finish(started.training_id, model_id=started.training_id)
    assert (await stream.read()).training.model_id == started.training_id
    assert (await stream.read()).end.reason == StreamEnd.FINISHED


async def test_unknown_trainings_and_models_are_not_found(
    training: Callable[..., Any], model: Callable[..., Any]
) -> None:
    unknown = new_id()
    for call in (
        training("GetTraining", pb.GetTrainingRequest(training_id=unknown)),
        training("WatchTraining", pb.WatchTrainingRequest(training_id=unknown)).read(),
        model("GetModel", models_pb.GetModelRequest(model_id=unknown)),
        model("PromoteModel", models_pb.PromoteModelRequest(model_id=unknown)),
    ):
        assert (await refused(call)).reason == "NOT_FOUND"


async def test_models_are_promoted_and_rolled_back(
    instance: Instance, model: Callable[..., Any]
) -> None:
    first, second = [await entered(instance, created_at_ms=ms) for ms in (1, 2)]
    for model_id in (first, second):
        request = models_pb.PromoteModelRequest(model_id=model_id)
        done = (await model("PromoteModel", request)).model
        assert (done.model_id, done.serving) == (model_id, True)
    listed = (await model("ListModels", models_pb.ListModelsRequest())).models
    assert [(one.model_id, one.serving) for one in listed] == [(second, True), (first, False)]
    back = (await model("RollbackModel", models_pb.RollbackModelRequest())).model
    assert (back.model_id, back.serving) == (first, True)
    fault = await refused(model("RollbackModel", models_pb.RollbackModelRequest()))
    assert fault.reason == "NO_EARLIER_MODEL"


async def test_a_retried_rollback_goes_back_once(
    instance: Instance, model: Callable[..., Any]
) -> None:
    ids = [await entered(instance) for _ in range(3)]
    for model_id in ids:
        await model("PromoteModel", models_pb.PromoteModelRequest(model_id=model_id))
    request = models_pb.RollbackModelRequest(request_id="once")
    assert await model("RollbackModel", request) == await model("RollbackModel", request)
    assert (await instance.parts.models.promotions())[0].model_id == ids[1]


async def test_a_model_that_did_not_pass_does_not_serve(
    instance: Instance, model: Callable[..., Any]
) -> None:
    refused_model = await entered(instance, passed=False)
    request = models_pb.PromoteModelRequest(model_id=refused_model)
    fault = await refused(model("PromoteModel", request))
    assert fault.reason == "MODEL_NOT_PASSED"
    assert not await instance.parts.models.promotions()


async def test_pages_of_trainings_and_models_go_by_their_own_tokens(
    instance: Instance, training: Callable[..., Any], model: Callable[..., Any]
) -> None:
    ids = [await entered(instance, created_at_ms=ms) for ms in (3, 2, 1)]
    page = await model("ListModels", models_pb.ListModelsRequest(page_size=2))
    rest = models_pb.ListModelsRequest(page_size=2, page_token=page.next_page_token)
    assert [one.model_id for one in page.models] == ids[:2]
    assert [one.model_id for one in (await model("ListModels", rest)).models] == ids[2:]
    request = pb.ListTrainingsRequest(page_token=page.next_page_token)
    fault = await refused(training("ListTrainings", request))
    assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_every_instance_follows_a_promotion(dsn: str, valkey_url: str, tls: Path) -> None:
    artefacts = MemoryModelArtefacts()
    async with an_instance(dsn, valkey_url, tls) as one, an_instance(dsn, valkey_url, tls) as other:
        made = some_model(new_id())
        stored = await artefacts.put(made)
        info = replace(some_info(made.model_id), sha256=stored.sha256)
        await one.parts.models.add(info)
        request = models_pb.PromoteModelRequest(model_id=made.model_id)
        await calls(one, ModelServiceStub)("PromoteModel", request)
        for instance in (one, other):
            followed = FollowedModel(instance.parts.models, artefacts)
            await followed.look()
            current = followed.current()
            assert current is not None
            assert current.model_id == made.model_id
