"""What requests ask for, as use cases take it; wrong fields raise InvalidArgument."""

from __future__ import annotations

from typing import Protocol

from segue.playlist.v1 import playlist_internal_service_pb2 as internal_pb
from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1 import snapshot_service_pb2

from meshkit.faults import InvalidArgument
from meshkit.idempotency import RequestKey, WriteRequest, request_key
from meshkit.paging import SortKey
from meshkit.principal import current_caller, current_principal
from meshkit.ulids import is_ulid, to_raw
from playlist_svc.convert import fields
from playlist_svc.ports.playlists import Kinds
from playlist_svc.usecases.playlist.add_tracks import AtEnd, AtIndex, BeforeItem, InsertPosition
from playlist_svc.usecases.playlist.replace_tracks import KeptItem, NewItem
from playlist_svc.usecases.playlist.sort_keys import SortBy
from playlist_svc.usecases.playlist_internal.put_managed_playlist import ManagedPlaylist
from playlist_svc.usecases.views import Pinned
from playlist_svc.usecases.writing import Command

_KINDS = {
    pb.ListPlaylistsRequest.KIND_UNSPECIFIED: Kinds.OWNED,
    pb.ListPlaylistsRequest.OWNED: Kinds.OWNED,
    pb.ListPlaylistsRequest.FOLLOWED: Kinds.FOLLOWED,
    pb.ListPlaylistsRequest.SHARED: Kinds.SHARED,
    pb.ListPlaylistsRequest.DELETED: Kinds.DELETED,
}
_BY = {pb.SortTracksRequest.By.Value(by.name): by for by in SortBy}


class _Named(Protocol):
    """A request about one playlist."""

    @property
    def playlist_id(self) -> str:
        """ULID of the playlist."""
        ...


class _NamedWrite(_Named, WriteRequest, Protocol):
    """A deduplicated write to one playlist."""


def named(request: _Named) -> tuple[str, str]:
    """The playlist that a request is about, and the user who asks."""
    return request.playlist_id, current_principal().user_id


def writer(request: WriteRequest) -> tuple[str, RequestKey | None]:
    """The user who writes, and the key of the write."""
    return current_principal().user_id, request_key(request)


def managed(request: internal_pb.PutManagedPlaylistRequest) -> ManagedPlaylist:
    """What a service wants a playlist of its own to be."""
    return ManagedPlaylist(
        service=current_caller(),
        owner_id=request.user_id,
        key=request.key,
        edition=request.edition,
        title=fields.title("title", request.title),
        description=fields.description(request.description),
        track_ids=list(dict.fromkeys(request.track_ids)),
    )


def command(request: _NamedWrite, snapshot_id: str = "") -> Command:
    """Who writes to what, and the version that the edit was made on."""
    playlist_id, user_id = named(request)
    return Command(playlist_id, user_id, request_key(request), snapshot_id)


def kinds(request: pb.ListPlaylistsRequest) -> Kinds:
    """Which of the caller's playlists."""
    return _KINDS[request.kind]


def insert_position(request: pb.AddTracksRequest) -> InsertPosition:
    """Where tracks are to stand."""
    if not request.HasField("position"):
        before_id = before(request.before_item_id)
        return AtEnd() if before_id is None else BeforeItem(before_id)
    if request.before_item_id:
        raise InvalidArgument.field("before_item_id", "does not go beside position")
    return AtIndex(request.position)


def before(item_id: str) -> bytes | None:
    """The entry before which others are to stand; None for the end."""
    return to_raw(item_id) if item_id else None


def items(request: pb.ReplaceTracksRequest) -> list[KeptItem | NewItem]:
    """The places of a new list."""
    return [
        KeptItem(to_raw(item.item_id)) if item.HasField("item_id") else NewItem(item.track_id)
        for item in request.items
    ]


def sorted_by(request: pb.SortTracksRequest) -> SortBy:
    """What to sort by."""
    return _BY[request.by]


def pinned(after: SortKey | None) -> tuple[Pinned, int] | None:
    """The version that pages show, and where the next one starts. PageTokenInvalid."""
    match after:
        case None:
            return None
        case (int(revision), int(start), str(snapshot_id)) if (
            0 < revision < 1 << 31 and 0 < start < 1 << 31 and is_ulid(snapshot_id)
        ):
            return Pinned(revision, snapshot_id), start
        case _:
            raise fields.foreign_token_error()


def below(after: SortKey | None) -> int | None:
    """The revision below which versions are listed. PageTokenInvalid."""
    match after:
        case None:
            return None
        case (int(revision),) if 0 < revision < 1 << 31:
            return revision
        case _:
            raise fields.foreign_token_error()


def compared(request: snapshot_service_pb2.DiffSnapshotsRequest) -> tuple[str, str]:
    """The versions to compare; the second is empty for the newest."""
    return request.from_snapshot_id, request.to_snapshot_id
