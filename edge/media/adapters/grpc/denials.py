"""The feed of denials of the playback service."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playback.v1 import denial_internal_service_pb2 as pb
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceStub

from edge.media.domain.denials import Denial
from meshkit.consuming import Step, Watch, step_of
from meshkit.stream_ends import require_going_on

DENIALS = pb.DESCRIPTOR.services_by_name["DenialInternalService"]


def denials_told(stub: DenialInternalServiceStub) -> Watch[Denial]:
    """A ``Watch`` over the feed; it lists what is in force."""

    async def watch(resume_token: str, /) -> AsyncIterator[Step[Denial]]:
        async for step in stub.WatchDenials(pb.WatchDenialsRequest(resume_token=resume_token)):
            require_going_on(step)
            yield step_of(step, _denial(step.denial) if step.HasField("denial") else None)

    return watch


def _denial(told: pb.Denial) -> Denial:
    forget_at = told.forget_at.ToNanoseconds() / 1e9
    return Denial(told.subject, told.version, frozenset(told.rungs), forget_at)
