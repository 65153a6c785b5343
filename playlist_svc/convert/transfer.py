"""Playlist files, and the progress of their import, on the wire."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from segue.playlist.v1 import transfer_service_pb2 as pb

from meshkit.faults import Fault
from playlist_svc.domain.formats import Format
from playlist_svc.ports.matching import Match
from playlist_svc.usecases.transfer.export_playlist import Exported
from playlist_svc.usecases.transfer.find_tracks import Found
from playlist_svc.usecases.transfer.import_playlist import Progress

_FORMATS: Final = {
    pb.PlaylistFile.M3U8: Format.M3U8,
    pb.PlaylistFile.XSPF: Format.XSPF,
    pb.PlaylistFile.JSPF: Format.JSPF,
}
_Entry = pb.ImportPlaylistResponse.Entry
_MATCHES: Final = {
    Match.BY_ID: _Entry.BY_ID,
    Match.EXACT: _Entry.EXACT,
    Match.SIMILAR: _Entry.SIMILAR,
    Match.NONE: _Entry.NONE,
}
_STEM_LENGTH: Final = 100
# What file systems forbid or programs would read as a path, controls, and marks of direction,
# with which a name could look as if it had another suffix.
_NOT_IN_NAMES: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+'
)


def file_format(number: pb.PlaylistFile.Format.ValueType) -> Format | None:
    """The format that a request names; None where it names none."""
    if number == pb.PlaylistFile.FORMAT_UNSPECIFIED:
        return None
    return _FORMATS[number]


def progress(step: Progress) -> pb.ImportPlaylistResponse:
    """A step of an import; the last one, which has the playlist, as ``imported``."""
    if step.playlist_id:
        imported = pb.ImportPlaylistResponse.Imported(
            playlist_id=step.playlist_id,
            entry_count=step.entry_count,
            matched_count=step.matched_count,
        )
        return pb.ImportPlaylistResponse(imported=imported)
    going_on = pb.ImportPlaylistResponse.Progress(
        entry_count=step.entry_count,
        done_count=step.done_count,
        matched_count=step.matched_count,
        entries=map(_entry, step.found),
    )
    return pb.ImportPlaylistResponse(progress=going_on)


def failed(fault: Fault) -> pb.ImportPlaylistResponse:
    """Why an import that had begun will not come to its end."""
    told = pb.ImportPlaylistResponse.Failed(
        reason=fault.reason, message=fault.message, metadata=fault.metadata
    )
    return pb.ImportPlaylistResponse(failed=told)


def _entry(found: Found) -> _Entry:
    track = found.track
    return _Entry(
        index=found.index,
        title=found.entry.title,
        artist=found.entry.artist,
        match=_MATCHES[found.match],
        track_id=track.track_id if track else "",
        matched_title=track.title if track else "",
        matched_artist=track.artist if track else "",
    )


def content_disposition(exported: Exported) -> str:
    """The header that saves the file under the playlist's title: ASCII, at most 1.3 kB.

    Everything but letters, digits and ``_.-~`` is percent-encoded (RFC 5987), so that no title
    reaches the header as it is.
    """
    stem = _NOT_IN_NAMES.sub(" ", exported.title)[:_STEM_LENGTH].strip(" .")
    name = (stem or "playlist") + exported.file_format.suffix
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
