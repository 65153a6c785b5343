"""ExperimentService on the wire."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from segue.rec.v1 import experiment_service_pb2 as pb
from segue.rec.v1.experiment_service_pb2_grpc import ExperimentServiceServicer

from meshkit.clock import now_ms
from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.ulids import new_id
from rec_svc.domain.experiments import Experiment
from rec_svc.servicers import experiment_messages as messages
from rec_svc.servicers.places import newest_after
from rec_svc.usecases.experiment import (
    CreateExperiment,
    GetExperiment,
    GetExperimentReport,
    ListExperiments,
    RampExperiment,
    StartExperiment,
    StopExperiment,
)

_log = structlog.get_logger("experiments")


@dataclass(frozen=True, slots=True)
class ExperimentUseCases:
    """What ExperimentService asks for."""

    create: CreateExperiment
    get: GetExperiment
    list: ListExperiments
    start: StartExperiment
    ramp: RampExperiment
    stop: StopExperiment
    get_report: GetExperimentReport


class ExperimentServicer(ExperimentServiceServicer):
    """Experiments, for administrators."""

    def __init__(self, do: ExperimentUseCases) -> None:
        self._do = do

    async def CreateExperiment(
        self, request: pb.CreateExperimentRequest, context: Context
    ) -> pb.CreateExperimentResponse:
        draft = messages.draft(request, new_id(), now_ms())
        made = await self._do.create(draft, request_key(request))
        return pb.CreateExperimentResponse(experiment=messages.experiment(made))

    async def GetExperiment(
        self, request: pb.GetExperimentRequest, context: Context
    ) -> pb.GetExperimentResponse:
        found = await self._do.get(request.name)
        return pb.GetExperimentResponse(experiment=messages.experiment(found))

    async def ListExperiments(
        self, request: pb.ListExperimentsRequest, context: Context
    ) -> pb.ListExperimentsResponse:
        page, state = Page.of(request), messages.state_of(request.state)
        found = await self._do.list(state, newest_after(page.after), page.size + 1)
        shown, token = page.cut(found, lambda one: (one.created_at_ms, one.experiment_id))
        return pb.ListExperimentsResponse(
            experiments=[messages.experiment(one) for one in shown], next_page_token=token
        )

    async def StartExperiment(
        self, request: pb.StartExperimentRequest, context: Context
    ) -> pb.StartExperimentResponse:
        key, version = request_key(request), request.based_on_version
        changed = await self._do.start(request.name, request.percent, version=version, key=key)
        _tell(changed)
        return pb.StartExperimentResponse(experiment=messages.experiment(changed))

    async def RampExperiment(
        self, request: pb.RampExperimentRequest, context: Context
    ) -> pb.RampExperimentResponse:
        key, version = request_key(request), request.based_on_version
        changed = await self._do.ramp(request.name, request.percent, version=version, key=key)
        _tell(changed)
        return pb.RampExperimentResponse(experiment=messages.experiment(changed))

    async def StopExperiment(
        self, request: pb.StopExperimentRequest, context: Context
    ) -> pb.StopExperimentResponse:
        changed = await self._do.stop(
            request.name,
            conclusion=request.conclusion,
            winner=request.winner,
            version=request.based_on_version,
            key=request_key(request),
        )
        _tell(changed)
        return pb.StopExperimentResponse(experiment=messages.experiment(changed))

    async def GetExperimentReport(
        self, request: pb.GetExperimentReportRequest, context: Context
    ) -> pb.GetExperimentReportResponse:
        found = await self._do.get_report(request.name)
        return pb.GetExperimentReportResponse(report=messages.report(found))


def _tell(changed: Experiment) -> None:
    # Who changed what users are served must be told from the log.
    _log.info(
        "experiment changed",
        name=changed.name,
        state=changed.state.name,
        percent=changed.percent,
        by=current_principal().user_id,
    )
