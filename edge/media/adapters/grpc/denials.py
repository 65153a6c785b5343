"""The feed of denials of the playback service."""

from __future__ import annotations

from segue.playback.v1 import denial_internal_service_pb2 as pb
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceStub

from edge.media.domain.denials import Denial
from meshkit.consuming import Watch, watching

DENIALS = pb.DESCRIPTOR.services_by_name["DenialInternalService"]


def denials_told(stub: DenialInternalServiceStub) -> Watch[Denial]:
    """A ``Watch`` over the feed; it lists what is in force."""
    return watching(stub.WatchDenials, pb.WatchDenialsRequest, _denial_of)


def _denial_of(step: pb.WatchDenialsResponse) -> Denial | None:
    """What a step tells; None where it moves on alone."""
    if not step.HasField("denial"):
        return None
    told = step.denial
    forget_at = told.forget_at.ToNanoseconds() / 1e9
    return Denial(told.subject, told.version, frozenset(told.rungs), forget_at)
