"""What a request wants to hear, from the contract's messages to the domain's values."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from segue.device.v1 import device_service_pb2
from segue.playback.v1 import play_source_pb2, playback_service_pb2

from meshkit.faults import InvalidArgument
from playback_svc import convert
from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.usecases.contexts import Source
from playback_svc.usecases.playback.play import PlayOrder

PlayOptions = playback_service_pb2.PlayRequest | device_service_pb2.SendCommandRequest.Play
"""What says how to play: where to start, shuffled or not, what comes again."""

_KINDS: dict[Literal["playlist_id", "album_id", "artist_id", "radio_id"], ContextKind] = {
    "playlist_id": ContextKind.PLAYLIST,
    "album_id": ContextKind.ALBUM,
    "artist_id": ContextKind.ARTIST,
    "radio_id": ContextKind.RADIO,
}


def play_order(request: playback_service_pb2.PlayRequest) -> PlayOrder:
    """What Play wants to hear. Raises InvalidArgument for what is said twice, or not at all."""
    return replace(
        _with_options(request, _source_order(request)), client_play_id=request.client_play_id
    )


def _source_order(request: playback_service_pb2.PlayRequest) -> PlayOrder:
    flat = [name for name in ("track_id", "playlist_id", "item") if getattr(request, name)]
    device_id = request.device_id
    if request.HasField("source"):
        if flat:
            raise InvalidArgument.field(flat[0], "not beside source")
        return _order(request.source, device_id, "source.")
    if request.track_id and request.playlist_id:
        raise InvalidArgument.field(
            "track_id", "not beside playlist_id: source.start_track_id is where to begin in it"
        )
    if request.item and not request.playlist_id:
        raise InvalidArgument.field("item", "needs a playlist_id")
    if request.playlist_id:
        source = Source(ContextKind.PLAYLIST, request.playlist_id)
        return PlayOrder(device_id, source=source, item_id=request.item)
    if not request.track_id:
        raise InvalidArgument.field("track_id", "must be set where nothing else says what to play")
    return PlayOrder(device_id, request.track_id)


def command_order(
    request: device_service_pb2.SendCommandRequest.Play, device_id: str, sender: str
) -> PlayOrder:
    """What a device is told to play. Raises InvalidArgument."""
    order = _order(request.source, device_id, "play.source.")
    return replace(_with_options(request, order), sender=sender)


def queued_from(
    request: playback_service_pb2.AddToQueueRequest
    | playback_service_pb2.EditQueueRequest
    | device_service_pb2.SendCommandRequest.Enqueue,
    prefix: str = "",
) -> PlayOrigin:
    """Where the tracks come from that are queued. Raises InvalidArgument for half a context."""
    origin = request.origin
    if origin.HasField("context"):
        is_list = origin.context.kind == play_source_pb2.ContextRef.TRACKS
        if is_list is bool(origin.context.id):
            problem = "must be empty for TRACKS" if is_list else "must be set"
            raise InvalidArgument.field(f"{prefix}origin.context.id", problem)
    return convert.requested_origin(origin)


def _order(given: play_source_pb2.PlaySource, device_id: str, prefix: str) -> PlayOrder:
    """Where it is from and where it begins. Raises InvalidArgument for a start of another kind."""
    start, kind = given.WhichOneof("start"), given.WhichOneof("source")
    no_start = kind in ("track_id", "radio_id")
    if start and (no_start or (start == "start_item_id" and kind != "playlist_id")):
        raise InvalidArgument.field(f"{prefix}{start}", f"not with {kind}")
    if given.shown_id and kind == "radio_id":
        raise InvalidArgument.field(f"{prefix}shown_id", "not with radio_id")
    if kind == "track_id":
        return PlayOrder(device_id, given.track_id, shown_id=given.shown_id)
    return PlayOrder(
        device_id,
        given.start_track_id,
        source=_source(given),
        item_id=given.start_item_id,
        shown_id=given.shown_id,
    )


def _source(given: play_source_pb2.PlaySource) -> Source:
    for name, kind in _KINDS.items():
        if given.HasField(name):
            return Source(kind, getattr(given, name))
    return Source(ContextKind.TRACKS, track_ids=tuple(given.tracks.track_ids))


def _with_options(request: PlayOptions, order: PlayOrder) -> PlayOrder:
    return replace(
        order,
        position_ms=request.position_ms,
        shuffle=request.shuffle if request.HasField("shuffle") else None,
        repeat=convert.repeat(request.repeat),
    )
