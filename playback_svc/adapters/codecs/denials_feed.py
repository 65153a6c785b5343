"""A denial as the feed tells it."""

from __future__ import annotations

from segue.playback.v1 import denial_internal_service_pb2 as pb

from meshkit.clock import instant_of_ms
from meshkit.feeds import Change, Op
from playback_svc.domain.denials import Denial
from playback_svc.ports.denials import FEED_ENTITY


def change_of(denial: Denial, version: int) -> Change:
    """The row of the feed."""
    message = pb.WatchDenialsResponse(
        denial=pb.Denial(subject=denial.session_id, version=version, rungs=denial.rungs)
    )
    message.denial.forget_at.FromDatetime(instant_of_ms(denial.forget_at_ms))
    return Change(FEED_ENTITY, denial.session_id, version, Op.UPSERT, message.SerializeToString())
