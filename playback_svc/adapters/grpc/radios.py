"""Radios as the service of recommendations gives them, over gRPC."""

from __future__ import annotations

from segue.rec.v1 import radio_internal_service_pb2 as pb
from segue.rec.v1.radio_internal_service_pb2_grpc import RadioInternalServiceStub

from playback_svc.ports.radios import RadioBlock, RadioRequest

_BLOCK_S = 3.0


class RadioService:
    """``Radios`` that asks the service of recommendations on the user's behalf."""

    def __init__(self, stub: RadioInternalServiceStub) -> None:
        self._stub = stub

    async def block(self, request: RadioRequest) -> RadioBlock:
        """See the port."""
        wanted = pb.ExtendRadioRequest(
            radio_id=request.radio_id,
            context_id=request.playing_id,
            block=request.number,
            played_track_ids=request.heard,
            skipped_track_ids=request.skipped,
        )
        answer = await self._stub.ExtendRadio(wanted, timeout=_BLOCK_S)
        return RadioBlock(tuple(answer.track_ids), answer.shown_id)


RADIOS = pb.DESCRIPTOR.services_by_name["RadioInternalService"]
