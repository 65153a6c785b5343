"""Collaborators and links as messages of the contract, and what their requests ask for."""

from __future__ import annotations

from collections.abc import Mapping

from segue.identity.v1.person_pb2 import Person
from segue.playlist.v1 import playlist_pb2 as pb
from segue.playlist.v1 import sharing_service_pb2

from meshkit.faults import InvalidArgument
from meshkit.timestamps import timestamp_of_ms
from playlist_svc.convert import playlists
from playlist_svc.convert.people import person
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Member
from playlist_svc.domain.sharing import Share
from playlist_svc.usecases.sharing.list_collaborators import Members
from playlist_svc.usecases.sharing.preview_share import Preview

_ROLES = {pb.Collaborator.VIEWER: Role.VIEWER, pb.Collaborator.EDITOR: Role.EDITOR}


def role_of(message: pb.Collaborator.Role.ValueType) -> Role:
    """The role that a request gives. InvalidArgument for any but VIEWER and EDITOR."""
    if message not in _ROLES:
        raise InvalidArgument.field("role", "must be VIEWER or EDITOR")
    return _ROLES[message]


def optional_role_of(message: pb.Collaborator.Role.ValueType) -> Role | None:
    """As ``role_of``; None where the request names none."""
    return None if message == pb.Collaborator.ROLE_UNSPECIFIED else role_of(message)


def lasting_s(request: sharing_service_pb2.CreateShareRequest) -> float | None:
    """In how many seconds a link is to end; None where the request does not say."""
    if not request.HasField("expires_in"):
        return None
    return request.expires_in.seconds + request.expires_in.nanos / 1e9


def collaborator(member: Member, names: Mapping[str, str]) -> pb.Collaborator:
    """A collaborator."""
    return pb.Collaborator(
        user=person(member.user_id, names),
        role=playlists.ROLES[member.role],
        since=timestamp_of_ms(member.since_ms),
    )


def collaborators(members: Members) -> list[pb.Collaborator]:
    """The owner, then the members by time."""
    head = members.head
    owner = Member(head.owner_id, Role.OWNER, head.created_at_ms)
    others = sorted(head.members, key=lambda member: (member.since_ms, member.user_id))
    return [collaborator(one, members.names) for one in (owner, *others)]


def share(one: Share, made_by: str) -> pb.ShareLink:
    """A link; there is no code in it."""
    return pb.ShareLink(
        share_id=one.share_id,
        role=_role(one),
        expires_at=None if one.expires_at_ms is None else timestamp_of_ms(one.expires_at_ms),
        revoked=one.revoked_at_ms is not None,
        accepted_count=one.accepted_count,
        created_by=Person(user_id=one.created_by, username=made_by),
        created_at=timestamp_of_ms(one.created_at_ms),
    )


def preview(found: Preview) -> sharing_service_pb2.PreviewShareResponse:
    """What a link leads to; who added the tracks is not told to whoever happens to hold it."""
    one = found.share
    tracks = playlists.tracks(found.entries, 0, found.names)
    for track in tracks:
        track.ClearField("added_by")
        track.ClearField("added_by_id")
    return sharing_service_pb2.PreviewShareResponse(
        playlist=playlists.playlist(found.shown),
        tracks=tracks,
        role=_role(one),
        expires_at=None if one.expires_at_ms is None else timestamp_of_ms(one.expires_at_ms),
    )


def _role(one: Share) -> pb.Collaborator.Role.ValueType:
    return playlists.ROLES[Role.STRANGER if one.role is None else one.role]
