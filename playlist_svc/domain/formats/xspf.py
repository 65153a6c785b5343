"""XSPF version 1, the XML playlist: https://xspf.org/spec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import ParseError, XMLParser
from xml.parsers.expat import ErrorString
from xml.sax.saxutils import escape

from playlist_svc.domain.formats.document import (
    Document,
    FileEntry,
    FileMalformed,
    duration_of_text,
    entry_of,
    require_room,
)
from playlist_svc.domain.formats.texts import clean, quoted

_NAMESPACE: Final = "http://xspf.org/ns/0/"
_PREFIX: Final = f"{{{_NAMESPACE}}}"
_ROOT: Final = f"{_PREFIX}playlist"
_TRACK_LIST: Final = f"{_PREFIX}trackList"
_TRACK: Final = f"{_PREFIX}track"
# Depths: of the children of the playlist, of its trackList and of a track.
_IN_PLAYLIST: Final = 2
_IN_LIST: Final = 3
_IN_TRACK: Final = 4
_MAX_DEPTH: Final = 32
_MAX_ELEMENTS: Final = 400_000
_PROLOG_BYTES: Final = 4_096
# Large enough that a long token is not scanned anew too often, small enough to stop early.
_PIECE_BYTES: Final = 65_536
_MARKUP: Final = re.compile(rb"[^>]*>|[^>]+")


def read(content: bytes) -> Document:
    """The playlist in ``content``; raises ``FileMalformed`` naming the line or the element.

    Document type declarations are refused, and with them entities of any kind.
    """
    target = _Target()
    try:
        parser = XMLParser(target=target)  # noqa: S314 - the target refuses every DOCTYPE
        for piece in _pieces(content):
            parser.feed(piece)
        parser.close()
    except ParseError as broken:
        line, _ = broken.position
        # The message of the exception itself quotes the file.
        reason = f"the XML cannot be read: {ErrorString(broken.code)}"
        raise FileMalformed(reason, f"Line {line}") from None
    except (LookupError, ValueError) as unknown:
        raise FileMalformed("The XML is in an encoding that is not known here.") from unknown
    return target.document()


def _pieces(content: bytes) -> Iterator[bytes]:
    # The start goes in markup by markup: a DOCTYPE is refused before what it declares is used.
    yield from (found[0] for found in _MARKUP.finditer(content[:_PROLOG_BYTES]))
    for start in range(_PROLOG_BYTES, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]


class _Target:
    """Takes what the parser finds and keeps the texts of the playlist and its tracks."""

    def __init__(self) -> None:
        self._depth = 0
        self._elements = 0
        self._in_list = False
        self._in_track = False
        self._text: list[str] = []
        self._playlist: dict[str, list[str]] = {}
        self._track: dict[str, list[str]] = {}
        self._entries: list[FileEntry] = []

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise FileMalformed("a playlist has no document type declaration", "<!DOCTYPE>")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            where = f"Element {quoted(tag)} after {len(self._entries):,} tracks"
            raise FileMalformed("there are too many elements or too deep ones", where)
        if self._depth == _IN_TRACK:
            self._text.clear()
        elif self._depth == _IN_LIST:
            self._in_track = self._in_list and tag == _TRACK
            if self._in_track:
                require_room(len(self._entries), f"Element track {len(self._entries) + 1:,}")
        elif self._depth == _IN_PLAYLIST:
            self._in_list = tag == _TRACK_LIST
            self._text.clear()
        elif self._depth == 1 and tag != _ROOT:
            where = f"Element {quoted(tag)}"
            raise FileMalformed(f"an XSPF file begins with playlist in {_NAMESPACE}", where)

    def data(self, text: str) -> None:
        if self._depth in {_IN_TRACK, _IN_PLAYLIST}:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if self._depth == _IN_TRACK and self._in_track:
            self._track.setdefault(tag, []).append("".join(self._text))
        elif self._depth == _IN_LIST and self._in_track:
            self._entries.append(_entry(self._track))
            self._track = {}
        elif self._depth == _IN_PLAYLIST:
            self._playlist.setdefault(tag, []).append("".join(self._text))
        self._depth -= 1

    def close(self) -> None:
        """The parser asks for a result; ``document`` has it."""

    def document(self) -> Document:
        return Document(
            title=clean(_first(self._playlist, "title")),
            description=clean(_first(self._playlist, "annotation")),
            creator=clean(_first(self._playlist, "creator")),
            entries=tuple(self._entries),
        )


def _first(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(_PREFIX + name, [""])[0]


def _entry(fields: dict[str, list[str]]) -> FileEntry:
    return entry_of(
        title=_first(fields, "title"),
        artist=_first(fields, "creator"),
        album=_first(fields, "album"),
        duration_ms=duration_of_text(_first(fields, "duration")),
        locations=fields.get(f"{_PREFIX}location", ()),
        identifiers=fields.get(f"{_PREFIX}identifier", ()),
    )


def write(document: Document) -> bytes:
    """``document`` as XSPF in UTF-8, one track a line; what XML cannot carry is dropped."""
    return "\n".join(filter(None, _written(document))).encode() + b"\n"


def _written(document: Document) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<playlist version="1" xmlns="{_NAMESPACE}">'
    yield _element("title", document.title)
    yield _element("creator", document.creator)
    yield _element("annotation", document.description)
    yield "<trackList>"
    yield from map(_written_track, document.entries)
    yield "</trackList>"
    yield "</playlist>"


def _written_track(entry: FileEntry) -> str:
    # Unindented and one a line, so that a full playlist stays under the bound of what is read.
    texts = (
        _element("location", entry.location),
        _element("identifier", entry.identifier),
        _element("title", entry.title),
        _element("creator", entry.artist),
        _element("album", entry.album),
        _element("duration", str(entry.duration_ms or "")),
    )
    return f"<track>{''.join(texts)}</track>"


def _element(name: str, text: str) -> str:
    cleaned = clean(text)
    return f"<{name}>{escape(cleaned)}</{name}>" if cleaned else ""
