"""What a request wants to hear, from the contract's messages to the domain's values."""

from __future__ import annotations

from dataclasses import replace

from segue.device.v1 import device_service_pb2
from segue.playback.v1 import play_source_pb2, playback_service_pb2

from meshkit.faults import InvalidArgument
from playback_svc import convert
from playback_svc.domain.listing import MOST_ENTRIES
from playback_svc.domain.play_queue import ContextKind
from playback_svc.usecases.contexts import Source
from playback_svc.usecases.play import PlayOrder

Asked = playback_service_pb2.PlayRequest | device_service_pb2.SendCommandRequest.Play
"""What says how to play: where to start, shuffled or not, what comes again."""

_KINDS = {
    "playlist_id": ContextKind.PLAYLIST,
    "album_id": ContextKind.ALBUM,
    "artist_id": ContextKind.ARTIST,
}


def play_order(request: playback_service_pb2.PlayRequest, device: str) -> PlayOrder:
    """What Play wants to hear. Raises InvalidArgument."""
    given = [name for name in ("track_id", "playlist_id", "item") if getattr(request, name)]
    if request.HasField("source"):
        if given:
            raise InvalidArgument.field(given[0], "not beside source")
        return _order(request, request.source, device, "source.")
    if request.track_id and request.playlist_id:
        raise InvalidArgument.field(
            "track_id", "not beside playlist_id: source.start_track_id is where to begin in it"
        )
    if request.item and not request.playlist_id:
        raise InvalidArgument.field("item", "needs a playlist_id")
    if request.playlist_id:
        found = Source(ContextKind.PLAYLIST, convert.ulid("playlist_id", request.playlist_id))
        item_id = convert.ulid("item", request.item) if request.item else ""
        return _how(request, PlayOrder(device, source=found, item_id=item_id))
    return _how(request, PlayOrder(device, convert.ulid("track_id", request.track_id)))


def command_order(
    request: device_service_pb2.SendCommandRequest.Play, device: str, sender: str
) -> PlayOrder:
    """What a device is told to play. Raises InvalidArgument."""
    return replace(_order(request, request.source, device, "play.source."), sender=sender)


def _order(
    request: Asked, given: play_source_pb2.PlaySource, device: str, prefix: str
) -> PlayOrder:
    shown_id = convert.ulid(f"{prefix}shown_id", given.shown_id) if given.shown_id else ""
    start = given.WhichOneof("start")
    kind = given.WhichOneof("source")
    if start and (kind == "track_id" or (start == "start_item_id" and kind != "playlist_id")):
        raise InvalidArgument.field(f"{prefix}{start}", f"not with {kind}")
    if start:
        convert.ulid(f"{prefix}{start}", getattr(given, start))
    if kind == "track_id":
        track_id = convert.ulid(f"{prefix}track_id", given.track_id)
        return _how(request, PlayOrder(device, track_id, shown_id=shown_id))
    order = PlayOrder(
        device,
        given.start_track_id,
        source=_source(given, kind, prefix),
        item_id=given.start_item_id,
        shown_id=shown_id,
    )
    return _how(request, order)


def _source(given: play_source_pb2.PlaySource, kind: str | None, prefix: str) -> Source:
    if kind is None:
        raise InvalidArgument.field(prefix.rstrip("."), "must say what to play")
    if kind == "tracks":
        field = f"{prefix}tracks.track_ids"
        return Source(
            ContextKind.TRACKS,
            track_ids=convert.ulids(field, given.tracks.track_ids, MOST_ENTRIES, 1),
        )
    return Source(_KINDS[kind], convert.ulid(f"{prefix}{kind}", getattr(given, kind)))


def _how(request: Asked, order: PlayOrder) -> PlayOrder:
    return replace(
        order,
        position_ms=convert.position_ms(request.position_ms),
        shuffle=request.shuffle if request.HasField("shuffle") else None,
        repeat=convert.repeat(request.repeat),
    )
