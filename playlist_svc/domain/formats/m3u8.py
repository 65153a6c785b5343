"""Extended M3U in UTF-8: one location a line, each after directives that describe it.

The ``m3u8`` library is not used, as it reads HLS: it drops the entries of a list without EXTINF
and raises on a quoted comma in an attribute and on a length that is no number.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from playlist_svc.domain.formats.document import (
    Document,
    FileEntry,
    FileMalformed,
    duration_of_text,
    entry_of,
    line_after,
    names_track,
    require_room,
    track_id_of,
)
from playlist_svc.domain.formats.texts import clean

_DASH: Final = " - "
# <seconds> key="value" key=value,<text>; nothing is tried twice, so a line costs its length.
_EXTINF: Final = re.compile(
    r'\s*+([^\s,]*+)(?:\s++[\w-]++=(?:"[^"]*+"|[^\s",]*+))*+\s*+,(.*)', re.DOTALL
)
_OF_STREAMS: Final = frozenset(
    {
        "#EXT-X-TARGETDURATION",
        "#EXT-X-STREAM-INF",
        "#EXT-X-I-FRAME-STREAM-INF",
        "#EXT-X-MEDIA-SEQUENCE",
    }
)


def read(content: bytes) -> Document:
    """The playlist in ``content``; raises ``FileMalformed`` naming the line."""
    reader = _Reader()
    for number, line in enumerate(_lines(content), start=1):
        if line.startswith("#"):
            reader.directive(line, number)
        elif line:
            reader.location(line, number)
    if not reader.entries and not reader.extended:
        raise FileMalformed("There is neither an #EXTM3U nor an entry in the file.")
    return Document(reader.title, "", "", tuple(reader.entries))


def _lines(content: bytes) -> list[str]:
    text = _decoded(content).replace("\r\n", "\n").replace("\r", "\n")
    nul = text.find("\0")
    if nul >= 0:
        raise FileMalformed("a NUL byte, so this is no text file", line_after(text[:nul]))
    if text.lstrip().startswith("<"):
        raise FileMalformed("markup, where an M3U playlist has #EXTM3U or a location", "Line 1")
    return [line.strip() for line in text.split("\n")]


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        if content.startswith(codecs.BOM_UTF8):
            where = line_after(content[: wrong.start].decode("latin-1"))
            raise FileMalformed("the file says it is UTF-8 and is not", where) from wrong
    return _decoded_western(content)


def _decoded_western(content: bytes) -> str:
    # Before .m3u8 such lists were written in the code page of Windows; Latin-1 has every byte.
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass(slots=True)
class _Reader:
    """The playlist so far, and what directives said of the entry whose location comes next."""

    entries: list[FileEntry] = field(default_factory=list)
    title: str = ""
    extended: bool = False
    _text: str = ""
    _duration_ms: int | None = None
    _artist: str | None = None
    _album: str = ""

    def directive(self, line: str, number: int) -> None:
        name, _, value = line.partition(":")
        name = name.upper()
        if name in _OF_STREAMS:
            reason = f"{name} makes this an HLS stream, which is no list of tracks"
            raise FileMalformed(reason, f"Line {number}")
        if name.startswith("#EXTM3U"):
            self.extended = True
        elif name == "#PLAYLIST":
            self.title = self.title or clean(value)
        elif name == "#EXTINF":
            self._describe(value)
        elif name == "#EXTART":
            self._artist = clean(value)
        elif name == "#EXTALB":
            self._album = value

    def _describe(self, value: str) -> None:
        described = _EXTINF.match(value)
        seconds, text = described.groups() if described else value.partition(",")[::2]
        self._duration_ms = duration_of_text(seconds, unit_ms=1000)
        self._text = clean(text, limit=len(text))

    def location(self, line: str, number: int) -> None:
        require_room(len(self.entries), f"Line {number}")
        artist, title = _parted(self._text, self._artist)
        of_segue = names_track(line)
        self.entries.append(
            entry_of(
                title=title,
                artist=artist,
                album=self._album,
                duration_ms=self._duration_ms,
                locations=[] if of_segue else [line],
                identifiers=[line] if of_segue else [],
            )
        )
        self._text, self._duration_ms, self._artist, self._album = "", None, None, ""


def _parted(text: str, artist: str | None) -> tuple[str, str]:
    """Artist and title of the text of an EXTINF; ``artist`` is what EXTART said, if it stood."""
    if artist == "":
        return "", clean(text)
    if artist and f"{text} ".startswith(artist + _DASH):
        return artist, clean(text[len(artist + _DASH) :])
    first, dash, rest = text.partition(_DASH)
    # EXTART may name the artist of the album; the one before the dash is the track's.
    return (clean(first), clean(rest)) if dash else (artist or "", clean(text))


def write(document: Document) -> bytes:
    """``document`` as extended M3U in UTF-8.

    The format has no place for a description, a creator, or an identifier beside a location.
    """
    return "\n".join(_written(document)).encode() + b"\n"


def _written(document: Document) -> Iterator[str]:
    yield "#EXTM3U"
    if title := clean(document.title):
        yield f"#PLAYLIST:{title}"
    for entry in document.entries:
        yield from _written_entry(entry)


def _written_entry(entry: FileEntry) -> Iterator[str]:
    title, artist, album = clean(entry.title), clean(entry.artist), clean(entry.album)
    seconds = -1 if entry.duration_ms is None else (entry.duration_ms + 500) // 1000
    text = f"{artist}{_DASH}{title}" if artist else title
    yield f"#EXTINF:{seconds},{text}"
    # An empty one says that a dash in the title parts no artist from it.
    if artist or _DASH in title:
        yield f"#EXTART:{artist}"
    if album:
        yield f"#EXTALB:{album}"
    yield _written_location(entry, text)


def _written_location(entry: FileEntry, text: str) -> str:
    track = clean(entry.identifier) if track_id_of(entry) else ""
    # An entry ends with its location, so one without any is named like a file of its text.
    location = track or clean(entry.location) or clean(entry.identifier) or clean(text) or "unknown"
    return f"./{location}" if location.startswith("#") else location
