"""What the catalogue tells of tracks, as the domain sees it."""

from __future__ import annotations

from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub

from meshkit.consuming import Watch, watching
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import TrackChange


def catalogue_changes(stub: CatalogInternalServiceStub) -> Watch[TrackChange]:
    """A ``Watch`` over the catalogue's feed."""
    return watching(stub.WatchChanges, pb.WatchChangesRequest, change_of)


def change_of(message: pb.WatchChangesResponse) -> TrackChange | None:
    """The track in a step; None where it tells of something else, or moves on alone."""
    if message.HasField("track"):
        told = message.track
        # Nobody can hear what is not encoded yet or was refused.
        track = track_of(told) if told.state == catalog_pb2.Track.READY else None
        return TrackChange(told.id, message.version, track, int(told.streams_total))
    if message.HasField("removed") and message.removed.kind == message.removed.TRACK:
        return TrackChange(message.removed.id, message.version, None)
    return None


def track_of(track: catalog_pb2.Track) -> Track:
    """A track of the catalogue as recommendations know it."""
    return Track(
        id=track.id,
        title=track.title,
        artist=track.artist,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        duration_ms=track.duration_ms,
        year=track.year,
        genre=track.genres[0] if track.genres else "",
        artwork_path=track.artwork_path,
        premium=track.access == catalog_pb2.Track.PREMIUM,
        added_at_ms=track.created_at.ToMilliseconds(),
    )
