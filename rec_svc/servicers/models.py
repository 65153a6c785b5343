"""``ModelService`` on the wire."""

from __future__ import annotations

from segue.rec.v1 import model_service_pb2 as pb
from segue.rec.v1.model_service_pb2_grpc import ModelServiceServicer

from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from rec_svc.servicers.places import newest_after
from rec_svc.usecases.model import PromoteModel, ReadModels, RollbackModel, Shown


class ModelServicer(ModelServiceServicer):
    """Models, for administrators."""

    def __init__(self, read: ReadModels, promote: PromoteModel, rollback: RollbackModel) -> None:
        self._read = read
        self._promote = promote
        self._rollback = rollback

    async def ListModels(
        self, request: pb.ListModelsRequest, context: Context
    ) -> pb.ListModelsResponse:
        page = Page.of(request)
        after = newest_after(page.after)
        found = await self._read.list_models(after=after, limit=page.size + 1)
        shown, token = page.cut(found, lambda one: (one.info.created_at_ms, one.info.model_id))
        return pb.ListModelsResponse(models=map(model_message, shown), next_page_token=token)

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        found = await self._read.get_model(request.model_id)
        return pb.GetModelResponse(model=model_message(found))

    async def PromoteModel(
        self, request: pb.PromoteModelRequest, context: Context
    ) -> pb.PromoteModelResponse:
        done = await self._promote(
            request.model_id, current_principal().user_id, request_key(request)
        )
        return pb.PromoteModelResponse(model=model_message(done))

    async def RollbackModel(
        self, request: pb.RollbackModelRequest, context: Context
    ) -> pb.RollbackModelResponse:
        done = await self._rollback(current_principal().user_id, request_key(request))
        return pb.RollbackModelResponse(model=model_message(done))


def model_message(shown: Shown) -> pb.Model:
    """A model as the contract says it."""
    info = shown.info
    message = pb.Model(
        model_id=info.model_id,
        training_id=info.training_id,
        trainer=info.trainer,
        configuration=info.configuration,
        serving=shown.serving,
        passed=info.passed,
        verdict=info.verdict,
        metrics=[
            pb.Model.Metric(name=name, value=value) for name, value in sorted(info.metrics.items())
        ],
        split=info.split,
        listener_count=info.listeners,
        track_count=info.tracks,
        pair_count=info.pairs,
        seed=info.seed,
        code_version=info.code_version,
        size_bytes=info.size_bytes,
        fit_s=info.fit_s,
    )
    message.learnt_from.FromMilliseconds(info.from_ms)
    message.learnt_until.FromMilliseconds(info.until_ms)
    message.created_at.FromMilliseconds(info.created_at_ms)
    return message
