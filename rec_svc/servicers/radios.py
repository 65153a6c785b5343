"""RadioService and RadioInternalService on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from segue.rec.v1 import radio_internal_service_pb2 as internal_pb
from segue.rec.v1 import radio_service_pb2 as pb
from segue.rec.v1.radio_internal_service_pb2_grpc import RadioInternalServiceServicer
from segue.rec.v1.radio_service_pb2_grpc import RadioServiceServicer

from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from rec_svc.domain.radios import BLOCK_SIZE, Radio, Seed, SeedKind
from rec_svc.servicers.places import newest_after
from rec_svc.servicers.recommendation_messages import fields_of
from rec_svc.servicers.recommendations import listener_of
from rec_svc.usecases.radio import DeleteRadio, ListNextTracks, ReadRadios, StartRadio
from rec_svc.usecases.radio_internal import ExtendRadio, Extension


@dataclass(frozen=True, slots=True)
class RadioUseCases:
    """What RadioService asks for."""

    start: StartRadio
    read: ReadRadios
    delete: DeleteRadio
    list_next_tracks: ListNextTracks


class RadioServicer(RadioServiceServicer):
    """Radios, of the user who calls."""

    def __init__(self, do: RadioUseCases) -> None:
        self._do = do

    async def StartRadio(
        self, request: pb.StartRadioRequest, context: Context
    ) -> pb.StartRadioResponse:
        started = await self._do.start(
            listener_of(current_principal()), _seed(request), request_key(request)
        )
        return pb.StartRadioResponse(
            radio=radio_message(started.radio), dropped_count=started.dropped
        )

    async def GetRadio(self, request: pb.GetRadioRequest, context: Context) -> pb.GetRadioResponse:
        found = await self._do.read.get_radio(current_principal().user_id, request.radio_id)
        return pb.GetRadioResponse(radio=radio_message(found))

    async def ListRadios(
        self, request: pb.ListRadiosRequest, context: Context
    ) -> pb.ListRadiosResponse:
        page = Page.of(request)
        found = await self._do.read.list_radios(
            current_principal().user_id, newest_after(page.after), page.size + 1
        )
        shown, token = page.cut(found, lambda one: (one.created_at_ms, one.radio_id))
        return pb.ListRadiosResponse(radios=map(radio_message, shown), next_page_token=token)

    async def DeleteRadio(
        self, request: pb.DeleteRadioRequest, context: Context
    ) -> pb.DeleteRadioResponse:
        user_id = current_principal().user_id
        await self._do.delete(user_id, request.radio_id, request_key(request))
        return pb.DeleteRadioResponse()

    async def ListNextTracks(
        self, request: pb.ListNextTracksRequest, context: Context
    ) -> pb.ListNextTracksResponse:
        served = await self._do.list_next_tracks(
            listener_of(current_principal()),
            request.radio_id,
            request.limit or BLOCK_SIZE,
            request_key(request),
        )
        return pb.ListNextTracksResponse(
            **fields_of(served.list), repeated_count=served.block.repeated
        )


class RadioInternalServicer(RadioInternalServiceServicer):
    """Radios for playback, on behalf of the user who calls it."""

    def __init__(self, extend: ExtendRadio) -> None:
        self._extend = extend

    async def ExtendRadio(
        self, request: internal_pb.ExtendRadioRequest, context: Context
    ) -> internal_pb.ExtendRadioResponse:
        asked = Extension(
            request.radio_id,
            request.context_id,
            request.block,
            request.played_track_ids,
            request.skipped_track_ids,
        )
        served = await self._extend(listener_of(current_principal()), asked)
        block = served.block
        return internal_pb.ExtendRadioResponse(
            track_ids=[one.track.id for one in served.tracks],
            shown_id=block.shown_id,
            title=block.title,
            repeated_count=block.repeated,
        )


def radio_message(radio: Radio) -> pb.Radio:
    """A radio as the contract says it."""
    seed = pb.RadioSeed(**{f"{radio.seed.kind.value}_id": radio.seed.id})
    message = pb.Radio(radio_id=radio.radio_id, title=radio.title, seed=seed)
    message.created_at.FromMilliseconds(radio.created_at_ms)
    return message


def _seed(request: pb.StartRadioRequest) -> Seed:
    named = request.WhichOneof("seed") or ""
    return Seed(SeedKind(named.removesuffix("_id")), getattr(request, named))
