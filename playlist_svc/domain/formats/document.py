"""What a playlist file says, whatever its format, and the bounds that every format keeps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from playlist_svc.domain.formats.filenames import guess
from playlist_svc.domain.formats.texts import clean

MAX_BYTES: Final = 3_000_000
MAX_ENTRIES: Final = 10_000
MAX_DURATION_MS: Final = 2**32 - 1

_TRACK: Final = re.compile(r"segue:track:([0-7][0-9A-HJKMNP-TV-Z]{25})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{0,15})?")


class FileMalformed(Exception):
    """A file that is no playlist of its format, or breaks a bound; ``str()`` tells people why.

    ``where`` names the line, the element or the track at fault; empty when it is the whole file.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.where = where


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One track as a file names it; texts are empty and the length None where it does not say.

    ``duration_ms`` is 1..4,294,967,295; ``location`` is a path or a URI, ``identifier`` a URI.
    """

    title: str
    artist: str
    album: str
    duration_ms: int | None
    location: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Document:
    """A playlist as a file holds it: at most 10,000 entries in their order."""

    title: str
    description: str
    creator: str
    entries: tuple[FileEntry, ...]


def entry_of(
    *,
    title: str = "",
    artist: str = "",
    album: str = "",
    duration_ms: int | None = None,
    locations: Iterable[str] = (),
    identifiers: Iterable[str] = (),
) -> FileEntry:
    """An entry out of raw texts: cleaned, and named after its file where it has no title.

    Of several locations or identifiers one of Segue comes first, else the first that says a thing.
    """
    location, identifier = _preferred(locations), _preferred(identifiers)
    title, artist = clean(title), clean(artist)
    if not title and location and not names_track(location):
        guessed_artist, title = guess(location)
        artist = artist or guessed_artist
    return FileEntry(title, artist, clean(album), duration_ms, location, identifier)


def _preferred(candidates: Iterable[str]) -> str:
    cleaned = [text for text in map(clean, candidates) if text]
    if len(cleaned) > 1:
        return next((text for text in cleaned if names_track(text)), cleaned[0])
    return cleaned[0] if cleaned else ""


def line_after(before: str) -> str:
    """The name of the line that begins or goes on where ``before`` ends."""
    return f"Line {before.count(chr(10)) + 1}"


def require_room(held: int, where: str) -> None:
    """Raises ``FileMalformed`` at ``where`` when ``held`` entries leave no room for another."""
    if held >= MAX_ENTRIES:
        raise FileMalformed(f"the file has more than {MAX_ENTRIES:,} entries", where)


def duration_of(milliseconds: float) -> int | None:
    """A length in whole milliseconds; None for what files write when they do not know it."""
    if not math.isfinite(milliseconds) or not 0.5 <= milliseconds <= MAX_DURATION_MS:
        return None
    return round(milliseconds)


def duration_of_text(text: str, unit_ms: int = 1) -> int | None:
    """The length that a decimal number of units of ``unit_ms`` tells; None when it tells none."""
    number = text.strip()
    return duration_of(float(number) * unit_ms) if _NUMBER.fullmatch(number) else None


def track_identifier(track_id: str) -> str:
    """The URI that names a track of Segue in every format; ``track_id`` is a ULID."""
    return f"segue:track:{track_id}"


def names_track(uri: str) -> bool:
    """Whether ``uri`` is the identifier of a track of Segue."""
    return _TRACK.fullmatch(uri) is not None


def track_id_of(entry: FileEntry) -> str | None:
    """The ULID of the track of Segue that an entry names, else None."""
    for uri in (entry.identifier, entry.location):
        if track := _TRACK.fullmatch(uri):
            return track[1].upper()
    return None
