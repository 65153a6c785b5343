"""``TrainingService`` on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from segue.rec.v1 import training_service_pb2 as pb
from segue.rec.v1.training_service_pb2_grpc import TrainingServiceServicer

from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.stream_ends import OpenStream
from meshkit.streams import OpenStreams
from rec_svc.domain.trainings import Training
from rec_svc.servicers.places import newest_after
from rec_svc.usecases.training import ReadTrainings, StartTraining


class TrainingServicer(TrainingServiceServicer):
    """Trainings, for administrators."""

    def __init__(self, start: StartTraining, read: ReadTrainings, *, streams: OpenStreams) -> None:
        self._start = start
        self._read = read
        self._streams = streams

    async def StartTraining(
        self, request: pb.StartTrainingRequest, context: Context
    ) -> pb.StartTrainingResponse:
        key, anew = request_key(request), request.search_parameters
        started = await self._start(request.trainer, request.seed, key, anew=anew)
        return pb.StartTrainingResponse(training=training_message(started))

    async def GetTraining(
        self, request: pb.GetTrainingRequest, context: Context
    ) -> pb.GetTrainingResponse:
        found = await self._read.get_training(request.training_id)
        return pb.GetTrainingResponse(training=training_message(found))

    async def ListTrainings(
        self, request: pb.ListTrainingsRequest, context: Context
    ) -> pb.ListTrainingsResponse:
        page = Page.of(request)
        after = newest_after(page.after)
        found = await self._read.list_trainings(after=after, limit=page.size + 1)
        shown, token = page.cut(found, lambda one: (one.created_at_ms, one.training_id))
        return pb.ListTrainingsResponse(
            trainings=map(training_message, shown), next_page_token=token
        )

    def WatchTraining(
        self, request: pb.WatchTrainingRequest, context: Context
    ) -> AsyncIterator[pb.WatchTrainingResponse]:
        async def steps(stream: OpenStream) -> AsyncGenerator[pb.WatchTrainingResponse, None]:
            async for one in self._read.watch_training(request.training_id, stop=stream.stop):
                yield pb.WatchTrainingResponse(training=training_message(one))

        principal = current_principal()
        return self._streams.told(pb.WatchTrainingResponse, steps, principal=principal)


def training_message(one: Training) -> pb.Training:
    """A training as the contract says it."""
    message = pb.Training(
        training_id=one.training_id,
        state=pb.Training.State.ValueType(one.state),
        stage=one.stage,
        progress=one.progress,
        trainer=one.trainer,
        seed=one.seed,
        model_id=one.model_id,
        error=one.error,
        search_parameters=one.search_parameters,
    )
    message.until.FromMilliseconds(one.until_ms)
    message.created_at.FromMilliseconds(one.created_at_ms)
    if one.finished_at_ms is not None:
        message.finished_at.FromMilliseconds(one.finished_at_ms)
    return message
