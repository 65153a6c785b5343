"""Playlists, their tracks, versions and changes as messages of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from segue.playlist.v1 import playlist_pb2 as pb

from playlist_svc.convert import rules
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.diff import Added, Change, DescriptionChanged, Moved, Removed, TitleChanged
from playlist_svc.domain.ids import to_text
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head, Kind, Snapshot
from playlist_svc.ports.tracks import Track
from playlist_svc.usecases.history import Told
from playlist_svc.usecases.reading import Names, Shown

VISIBILITIES = {
    Visibility.PRIVATE: pb.Playlist.PRIVATE,
    Visibility.LINK: pb.Playlist.LINK,
    Visibility.PUBLIC: pb.Playlist.PUBLIC,
}
ROLES = {
    Role.STRANGER: pb.Collaborator.ROLE_UNSPECIFIED,
    Role.VIEWER: pb.Collaborator.VIEWER,
    Role.EDITOR: pb.Collaborator.EDITOR,
    Role.OWNER: pb.Collaborator.OWNER,
}
KINDS = {kind: pb.Snapshot.Kind.Value(kind.name) for kind in Kind}


def timestamp(unix_ms: int) -> Timestamp:
    """Unix milliseconds as the wire has them."""
    return Timestamp(seconds=unix_ms // 1000, nanos=unix_ms % 1000 * 1_000_000)


def bare(head: Head, owner: str) -> pb.Playlist:
    """A playlist without what is the reader's own, and without art: as the feed tells it."""
    return pb.Playlist(
        playlist_id=head.playlist_id,
        title=head.title,
        description=head.description,
        visibility=VISIBILITIES[head.visibility],
        is_public=head.visibility is Visibility.PUBLIC,
        owner=owner,
        owner_id=head.owner_id,
        track_count=head.track_count,
        total_duration_ms=head.total_duration_ms,
        follower_count=head.follower_count,
        collaborator_count=len(head.members),
        snapshot_id=head.snapshot_id,
        rule=None if head.rule is None else rules.rule(head.rule),
        created_at=timestamp(head.created_at_ms),
        modified_at=timestamp(head.modified_at_ms),
        deleted_at=None if head.deleted_at_ms is None else timestamp(head.deleted_at_ms),
    )


def playlist(shown: Shown) -> pb.Playlist:
    """A playlist as its reader sees it."""
    message = bare(shown.head, shown.owner)
    message.artwork_paths.extend(shown.head.artwork_paths)
    message.role = ROLES[shown.role]
    message.followed = shown.followed
    return message


def tracks(entries: Sequence[Entry], start: int, names: Names) -> list[pb.PlaylistTrack]:
    """Entries as messages, the first of them at position ``start``."""
    adders = {raw: to_text(raw) for raw in {entry.added_by for entry in entries}}
    return [_track(entry, position, names, adders) for position, entry in enumerate(entries, start)]


def _track(
    entry: Entry, position: int, names: Names, adders: Mapping[bytes, str]
) -> pb.PlaylistTrack:
    item_id, track_id, added_by, duration_ms = entry
    text = to_text(track_id)
    adder = adders[added_by]
    added_ms = int.from_bytes(item_id[:6], "big")
    track: Track | None = names.tracks.get(text)
    if track is None:
        # What the copy of the catalogue was not told yet was there when it was added.
        return pb.PlaylistTrack(
            item_id=to_text(item_id),
            id=text,
            duration=duration_ms / 1000,
            duration_ms=duration_ms,
            added_by=names.people.get(adder, ""),
            added_by_id=adder,
            added_at=timestamp(added_ms),
            position=position,
            available=True,
        )
    return pb.PlaylistTrack(
        item_id=to_text(item_id),
        id=text,
        title=track.title,
        artist=track.artist,
        duration=duration_ms / 1000,
        duration_ms=duration_ms,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        artwork_path=track.artwork_path,
        added_by=names.people.get(adder, ""),
        added_by_id=adder,
        added_at=timestamp(added_ms),
        position=position,
        available=track.available,
    )


def snapshots(told: Told) -> list[pb.Snapshot]:
    """Versions as messages."""
    return [_snapshot(one, told) for one in told.snapshots]


def _snapshot(one: Snapshot, told: Told) -> pb.Snapshot:
    reverts = "" if one.reverts is None else told.reverted.get(one.reverts, "")
    return pb.Snapshot(
        snapshot_id=one.snapshot_id,
        revision=one.revision,
        kind=KINDS[one.kind],
        author=told.people.get(one.author_id, ""),
        author_id=one.author_id,
        created_at=timestamp(one.created_at_ms),
        summary=one.summary,
        track_count=one.track_count,
        reverts_snapshot_id=reverts,
        undone=one.undone_by is not None,
    )


def changes(found: Iterable[Change], names: Names) -> list[pb.Change]:
    """Changes as messages."""
    return [_change(one, names) for one in found]


def _change(one: Change, names: Names) -> pb.Change:
    match one:
        case Added(entry, to):
            (track,) = tracks([entry], to, names)
            return pb.Change(type=pb.Change.ADDED, track=track, to_position=to)
        case Removed(entry, start):
            (track,) = tracks([entry], start, names)
            return pb.Change(type=pb.Change.REMOVED, track=track, from_position=start)
        case Moved(entry, start, to):
            (track,) = tracks([entry], to, names)
            return pb.Change(type=pb.Change.MOVED, track=track, from_position=start, to_position=to)
        case TitleChanged(old, new):
            return pb.Change(type=pb.Change.TITLE, old_text=old, new_text=new)
        case DescriptionChanged(old, new):
            return pb.Change(type=pb.Change.DESCRIPTION, old_text=old, new_text=new)
