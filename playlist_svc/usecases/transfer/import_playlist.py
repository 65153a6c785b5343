"""Make a playlist of a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from meshkit.faults import FieldViolation, InvalidArgument
from meshkit.idempotency import RequestKey
from playlist_svc.domain import formats
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.formats import Document, FileMalformed, Format
from playlist_svc.domain.playlist import DESCRIPTION_LENGTH, TITLE_LENGTH, Head
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.tracks import Track, Tracks
from playlist_svc.usecases.new_playlists import (
    NewPlaylist,
    NewPlaylists,
    PlaylistCreator,
    chosen_order,
)
from playlist_svc.usecases.transfer.file_thread import FileThread
from playlist_svc.usecases.transfer.find_tracks import FindTracks, Found

UNTITLED = "Imported"
"""The title of a playlist when neither the request nor the file has one."""


@dataclass(frozen=True, slots=True)
class ImportCommand:
    """What to import, for whom. ``title`` empty: the file's; ``file_format`` None: found out."""

    user_id: str
    content: bytes
    file_format: Format | None = None
    title: str = ""
    visibility: Visibility = Visibility.PRIVATE
    key: RequestKey | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. ``found`` is what became of entries since the last step.

    ``playlist_id`` is empty but in the last step, whose counts are those of the playlist.
    """

    entry_count: int
    done_count: int
    matched_count: int
    found: Sequence[Found] = ()
    playlist_id: str = ""


class PreviewedPlaylists(NewPlaylists, Protocol):
    """What of ``PlaylistStore`` is needed to make a playlist after long work; see there."""

    async def preview_create(self, owner_id: str, key: RequestKey | None) -> Head | None:
        """The playlist that an equal key made; raises what would refuse a new one now."""
        ...


class ImportPlaylist:
    """Makes playlists of files: reads, finds the tracks, and stores what was found at once.

    Where nothing was found the playlist is made all the same, and is empty.
    """

    def __init__(
        self,
        thread: FileThread,
        find_tracks: FindTracks,
        playlists: PreviewedPlaylists,
        tracks: Tracks,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._thread = thread
        self._find_tracks = find_tracks
        self._playlists = playlists
        self._make = PlaylistCreator(playlists, tracks, new_id)
        self._clock = clock

    async def __call__(self, command: ImportCommand) -> AsyncGenerator[Progress, None]:
        """A step for every batch of entries, and the last with the playlist.

        Left before its end it leaves nothing. A retry under the key of an import that came to its
        end is given the last step of that one alone. Raises InvalidArgument (REQUEST_ID_REUSED,
        IMPORT_FILE_MALFORMED), FailedPrecondition (COLLECTION_FULL) before the first step, as far
        as they can be known by then; Unavailable.
        """
        made = await self._playlists.preview_create(command.user_id, command.key)
        document = await self._thread(parsed, command.content, command.file_format)
        count = len(document.entries)
        if made is not None:
            yield _made(count, made)
            return
        chosen: list[Track] = []
        done = 0
        async with aclosing(self._find_tracks(document.entries)) as batches:
            async for found in batches:
                done += len(found)
                chosen.extend(one.track for one in found if one.track is not None)
                yield Progress(count, done, len(chosen), found)
        head = await self._create(command, document, chosen)
        yield _made(count, head)

    async def _create(
        self, command: ImportCommand, document: Document, chosen: Sequence[Track]
    ) -> Head:
        now_ms = self._clock()
        lasting = [(track.track_id, track.duration_ms) for track in chosen]
        new = NewPlaylist(
            title=command.title or _visible(document.title[:TITLE_LENGTH].strip()) or UNTITLED,
            description=document.description[:DESCRIPTION_LENGTH].strip(),
            visibility=command.visibility,
        )
        order = await self._thread(chosen_order, lasting, command.user_id, now_ms)
        summary = _summary(len(chosen), len(document.entries))
        return await self._make(
            command.user_id, new, order=order, summary=summary, now_ms=now_ms, key=command.key
        )


def _made(count: int, head: Head) -> Progress:
    return Progress(count, count, head.track_count, playlist_id=head.playlist_id)


def parsed(content: bytes, file_format: Format | None) -> Document:
    """The playlist in a file. InvalidArgument (IMPORT_FILE_MALFORMED)."""
    try:
        return formats.read(content, file_format)
    except FileMalformed as malformed:
        said = str(malformed)
        raise InvalidArgument(
            said,
            reason="IMPORT_FILE_MALFORMED",
            metadata={"where": malformed.where},
            violations=(FieldViolation("content", said),),
        ) from None


def _visible(title: str) -> str:
    """The title of a file, empty when all of it is spaces or of no width."""
    seen = any(sign.isprintable() and not sign.isspace() for sign in title)
    return title if seen else ""


def _summary(matched: int, entries: int) -> str:
    if matched == entries:
        return f"imported {matched} track{'s' * (matched != 1)} from a file"
    return f"imported {matched} of {entries} tracks from a file"
