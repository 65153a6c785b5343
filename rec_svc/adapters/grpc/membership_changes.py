"""What the playlist service tells of the tracks in playlists, as the domain sees it."""

from __future__ import annotations

import structlog
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit import ulids
from meshkit.clock import now_ms
from meshkit.consuming import Watch, watching
from rec_svc.domain.playlists import Playlist, PlaylistChange, unpacked

_log = structlog.get_logger("playlists")


def membership_changes(stub: PlaylistInternalServiceStub) -> Watch[PlaylistChange]:
    """A ``Watch`` over the feed of memberships."""
    return watching(stub.WatchMembership, pb.WatchMembershipRequest, change_of)


def change_of(message: pb.WatchMembershipResponse) -> PlaylistChange | None:
    """The playlist in a step; None where there is none that can be read."""
    match message.WhichOneof("event"):
        case "deleted":
            return PlaylistChange(message.deleted.playlist_id, message.version, now_ms(), None)
        case "tracks":
            told = message.tracks
            try:
                tracks = unpacked(told.track_ids)
            except ValueError:
                # One that nobody can read must not keep all later ones from being known.
                _log.error("playlist unreadable", playlist_id=told.playlist_id)
                return None
            playlist = Playlist(
                told.playlist_id, told.owner_id, told.is_public, told.managed_by, tracks
            )
            at_ms = _made_at_ms(told.snapshot_id)
            return PlaylistChange(told.playlist_id, message.version, at_ms, playlist)
        case _:
            return None


def _made_at_ms(snapshot_id: str) -> int:
    """When a version was made, which its id says: told again it is the same moment."""
    return ulids.time_ms(ulids.to_raw(snapshot_id)) if ulids.is_ulid(snapshot_id) else now_ms()
