"""Playlist files: M3U8, XSPF and JSPF, read from and written to bytes without any I/O."""

from __future__ import annotations

import codecs
import enum
from collections.abc import Callable
from typing import Final

from playlist_svc.domain.formats import jspf, m3u8, xspf
from playlist_svc.domain.formats.document import (
    MAX_BYTES,
    MAX_ENTRIES,
    Document,
    FileEntry,
    FileMalformed,
    track_id_of,
    track_identifier,
)

__all__ = [
    "MAX_BYTES",
    "MAX_ENTRIES",
    "Document",
    "FileEntry",
    "FileMalformed",
    "Format",
    "read",
    "track_id_of",
    "track_identifier",
    "write",
]

_HEAD_BYTES: Final = 1_024


class Format(enum.Enum):
    """A format of playlist files, with its media type and the suffix of its file names."""

    M3U8 = ("audio/mpegurl", ".m3u8")
    XSPF = ("application/xspf+xml", ".xspf")
    JSPF = ("application/jspf+json", ".jspf")

    def __init__(self, content_type: str, suffix: str) -> None:
        self.content_type = content_type
        self.suffix = suffix


_READERS: Final[dict[Format, Callable[[bytes], Document]]] = {
    Format.M3U8: m3u8.read,
    Format.XSPF: xspf.read,
    Format.JSPF: jspf.read,
}
_WRITERS: Final[dict[Format, Callable[[Document], bytes]]] = {
    Format.M3U8: m3u8.write,
    Format.XSPF: xspf.write,
    Format.JSPF: jspf.write,
}


def read(content: bytes, file_format: Format | None = None) -> Document:
    """The playlist in a file of at most 3,000,000 bytes; None detects its format.

    Raises ``FileMalformed``, whatever is wrong with the file.
    """
    if len(content) > MAX_BYTES:
        raise FileMalformed(f"The file has more than {MAX_BYTES:,} bytes.")
    head = _head(content)
    if not head:
        raise FileMalformed("The file is empty.")
    if head.lower().startswith("[playlist]"):
        raise FileMalformed("this is a PLS playlist; M3U8, XSPF and JSPF are read", "Line 1")
    return _READERS[file_format or _detected(head)](content)


def write(document: Document, file_format: Format) -> bytes:
    """``document`` as a file; texts become one line each, of at most 2,000 characters."""
    return _WRITERS[file_format](document)


def _head(content: bytes) -> str:
    # What stands before the first sign may be longer than a head, as in a file of empty lines.
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = content if utf16 else content.removeprefix(codecs.BOM_UTF8).lstrip()[:_HEAD_BYTES]
    return start.decode("utf-16" if utf16 else "utf-8", errors="replace").strip()


def _detected(head: str) -> Format:
    return {"<": Format.XSPF, "{": Format.JSPF}.get(head[0], Format.M3U8)
