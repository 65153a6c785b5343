"""Playlists, their tracks, versions and changes as messages of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from segue.playlist.v1 import playlist_pb2 as pb

from meshkit.timestamps import timestamp_of_ms
from meshkit.ulids import to_text
from playlist_svc.convert import rules
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.diff import Added, Change, DescriptionChanged, Moved, Removed, TitleChanged
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head, Kind, Snapshot
from playlist_svc.usecases.described_snapshots import DescribedSnapshots
from playlist_svc.usecases.views import Names, PlaylistView

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
        created_at=timestamp_of_ms(head.created_at_ms),
        modified_at=timestamp_of_ms(head.modified_at_ms),
        deleted_at=None if head.deleted_at_ms is None else timestamp_of_ms(head.deleted_at_ms),
        managed_by=head.managed_by,
    )


def playlist(shown: PlaylistView) -> pb.Playlist:
    """A playlist as its reader sees it."""
    message = bare(shown.head, shown.owner)
    message.artwork_paths.extend(shown.head.artwork_paths)
    message.role = ROLES[shown.role]
    message.followed = shown.followed
    return message


def fill(
    messages: RepeatedCompositeFieldContainer[pb.PlaylistTrack],
    entries: Sequence[Entry],
    start: int,
    names: Names,
) -> None:
    """Appends entries to the tracks of an answer, the first of them at position ``start``.

    Setting fields in place costs less than messages that are made from arguments and copied.
    """
    for position, entry in enumerate(entries, start):
        _set(messages.add(), entry, position, names)


def tracks(entries: Sequence[Entry], start: int, names: Names) -> list[pb.PlaylistTrack]:
    """Entries as messages, as `fill` makes them; for few of them."""
    messages = [pb.PlaylistTrack() for _ in entries]
    for position, (message, entry) in enumerate(zip(messages, entries, strict=True), start):
        _set(message, entry, position, names)
    return messages


def _set(message: pb.PlaylistTrack, entry: Entry, position: int, names: Names) -> None:
    item_id, track_id, added_by, duration_ms = entry
    adder = names.ids.get(added_by) or to_text(added_by)
    message.item_id = to_text(item_id)
    message.id = text = names.ids.get(track_id) or to_text(track_id)
    message.duration = duration_ms / 1000
    message.duration_ms = duration_ms
    message.added_by = names.people.get(adder, "")
    message.added_by_id = adder
    added_at = message.added_at
    added_at.seconds, ms = divmod(entry.added_at_ms, 1000)
    added_at.nanos = ms * 1_000_000
    message.position = position
    track = names.tracks.get(text)
    # What the copy of the catalogue was not told yet was there when it was added.
    message.available = track is None or track.available
    if track is not None:
        message.title = track.title
        message.artist = track.artist
        message.artist_id = track.artist_id
        message.album = track.album
        message.album_id = track.album_id
        message.artwork_path = track.artwork_path


def snapshots(told: DescribedSnapshots) -> list[pb.Snapshot]:
    """Versions as messages."""
    return [_snapshot(one, told) for one in told.snapshots]


def _snapshot(one: Snapshot, told: DescribedSnapshots) -> pb.Snapshot:
    reverts = "" if one.reverts is None else told.reverted.get(one.reverts, "")
    return pb.Snapshot(
        snapshot_id=one.snapshot_id,
        revision=one.revision,
        kind=KINDS[one.kind],
        author=told.people.get(one.author_id, ""),
        author_id=one.author_id,
        created_at=timestamp_of_ms(one.created_at_ms),
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
            message = pb.Change(kind=pb.Change.ADDED, to_position=to)
            _set(message.track, entry, to, names)
            return message
        case Removed(entry, start):
            message = pb.Change(kind=pb.Change.REMOVED, from_position=start)
            _set(message.track, entry, start, names)
            return message
        case Moved(entry, start, to):
            message = pb.Change(kind=pb.Change.MOVED, from_position=start, to_position=to)
            _set(message.track, entry, to, names)
            return message
        case TitleChanged(old, new):
            return pb.Change(kind=pb.Change.TITLE, old_text=old, new_text=new)
        case DescriptionChanged(old, new):
            return pb.Change(kind=pb.Change.DESCRIPTION, old_text=old, new_text=new)
