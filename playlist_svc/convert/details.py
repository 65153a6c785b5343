"""What requests say about a playlist itself; each field has two names, one of the answers'.

Everything raises InvalidArgument naming the wrong field.
"""

from __future__ import annotations

from typing import TypeVar

from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1.transfer_service_pb2 import ImportPlaylistRequest

from meshkit.faults import InvalidArgument
from playlist_svc.convert import fields, rules
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.rules import Rule
from playlist_svc.usecases.playlist.update_playlist import DetailChanges

T = TypeVar("T")
_VISIBILITIES = {
    playlist_pb2.Playlist.VISIBILITY_UNSPECIFIED: None,
    playlist_pb2.Playlist.PRIVATE: Visibility.PRIVATE,
    playlist_pb2.Playlist.LINK: Visibility.LINK,
    playlist_pb2.Playlist.PUBLIC: Visibility.PUBLIC,
}


def new_title(request: pb.CreatePlaylistRequest | ImportPlaylistRequest) -> str:
    """The title that a new playlist is given; empty where the request has none."""
    given = [
        fields.title(field, text) if text else None
        for field, text in (("title", request.title), ("name", request.name))
    ]
    return _agreed("name", *given) or ""


def new_visibility(request: pb.CreatePlaylistRequest | ImportPlaylistRequest) -> Visibility:
    """Who may see a new playlist; PRIVATE where the request does not say."""
    wanted = None
    if isinstance(request, pb.CreatePlaylistRequest):
        wanted = _VISIBILITIES[request.visibility]
    public = _public(request, "")
    _require_agreement(wanted, public, "is_public")
    return wanted or (Visibility.PUBLIC if public else Visibility.PRIVATE)


def new_rule(request: pb.CreatePlaylistRequest) -> Rule | None:
    """The rule that a new playlist is made by; None where people choose its tracks."""
    return rules.rule_of(request.rule) if request.HasField("rule") else None


def changed(request: pb.UpdatePlaylistRequest) -> DetailChanges:
    """What of a playlist is to be changed; what answers alone tell is not looked at."""
    playlist, path = request.playlist, "playlist."
    if playlist.playlist_id not in ("", request.playlist_id):
        raise InvalidArgument.field(f"{path}playlist_id", "is not that of the path")
    names = [
        fields.title(path + name, getattr(playlist, name)) if playlist.HasField(name) else None
        for name in ("title", "name")
    ]
    described = playlist.HasField("description")
    wanted = _VISIBILITIES[playlist.visibility]
    public = _public(playlist, path)
    _require_agreement(wanted, public, f"{path}is_public")
    return DetailChanges(
        title=_agreed(f"{path}name", *names),
        description=fields.description(playlist.description, path) if described else None,
        visibility=wanted,
        public=public,
        rule=rules.rule_of(playlist.rule, f"{path}rule") if playlist.HasField("rule") else None,
    )


def _agreed(field: str, first: T | None, second: T | None) -> T | None:
    """What two names of one field say. ``field`` is the second."""
    if first is not None and second is not None and first != second:
        raise InvalidArgument.field(field, "says otherwise than the other name of the field")
    return second if first is None else first


def _public(
    said: pb.CreatePlaylistRequest | ImportPlaylistRequest | playlist_pb2.Playlist, path: str
) -> bool | None:
    return _agreed(
        f"{path}public",
        said.is_public if said.HasField("is_public") else None,
        said.public if said.HasField("public") else None,
    )


def _require_agreement(visibility: Visibility | None, public: bool | None, field: str) -> None:
    if visibility is None or public is None:
        return
    if (visibility is Visibility.PUBLIC) != public:
        raise InvalidArgument.field(field, "says otherwise than visibility")
