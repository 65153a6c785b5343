"""Write a version of a playlist as a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from meshkit.ulids import to_text
from playlist_svc.domain import formats
from playlist_svc.domain.content import Content
from playlist_svc.domain.formats import Document, FileEntry, Format, track_identifier
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import RevisionGone
from playlist_svc.ports.tracks import Track, Tracks
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.transfer.file_thread import FileThread


@dataclass(frozen=True, slots=True)
class Exported:
    """A playlist as a file; ``title`` is the playlist's at that version."""

    title: str
    file_format: Format
    content: bytes


class ReadVersions(Protocol):
    """What of ``PlaylistStore`` is needed to read a version; see there."""

    async def content(self, head: Head, revision: int) -> Content:
        """A version's content. Raises RevisionGone."""
        ...

    async def snapshot(self, playlist_id: str, snapshot_id: str) -> Snapshot | None:
        """A version by its id; None for an unknown one."""
        ...


class ExportPlaylist:
    """Writes files for whoever may see the playlist.

    Every entry names its track by id, also one that has left the catalogue; that has the names
    it had last.
    """

    def __init__(
        self,
        thread: FileThread,
        access: Access,
        versions: ReadVersions,
        tracks: Tracks,
        refresh: Callable[[Head], Awaitable[Head]],
    ) -> None:
        self._thread = thread
        self._access = access
        self._versions = versions
        self._tracks = tracks
        self._refresh = refresh

    async def __call__(
        self, playlist_id: str, user_id: str, file_format: Format, snapshot_id: str = ""
    ) -> Exported:
        """The version as a file; the newest where no ``snapshot_id`` is given. Raises NotFound."""
        head = await self._access.visible(playlist_id, user_id)
        if not snapshot_id:
            head = await self._refresh(head)
        content = await self._content(head, snapshot_id or head.snapshot_id)
        track_ids = await self._thread(_track_ids, content)
        named = await self._tracks.named(track_ids)
        written = await self._thread(_written, content, named, file_format)
        return Exported(content.title, file_format, written)

    async def _content(self, head: Head, snapshot_id: str) -> Content:
        revision = head.revision
        if snapshot_id != head.snapshot_id:
            snapshot = await self._versions.snapshot(head.playlist_id, snapshot_id)
            if snapshot is None:
                raise unknown_snapshot_error(snapshot_id)
            revision = snapshot.revision
        try:
            return await self._versions.content(head, revision)
        except RevisionGone:
            raise unknown_snapshot_error(snapshot_id) from None


def _track_ids(content: Content) -> set[str]:
    return {to_text(raw) for raw in content.order.track_ids()}


def _written(content: Content, named: Mapping[str, Track], file_format: Format) -> bytes:
    document = Document(
        title=content.title,
        description=content.description,
        creator="",
        entries=tuple(_file_entry(entry, named) for entry in content.order.slice(0)),
    )
    return formats.write(document, file_format)


def _file_entry(entry: Entry, named: Mapping[str, Track]) -> FileEntry:
    track_id = to_text(entry.track_id)
    track = named.get(track_id)
    return FileEntry(
        title=track.title if track else "",
        artist=track.artist if track else "",
        album=track.album if track else "",
        duration_ms=entry.duration_ms or None,
        location="",
        identifier=track_identifier(track_id),
    )
