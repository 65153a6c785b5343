"""JSPF, the form of XSPF in JSON: https://xspf.org/jspf."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from typing import Final

from playlist_svc.domain.formats.document import (
    Document,
    FileEntry,
    FileMalformed,
    duration_of,
    duration_of_text,
    entry_of,
    line_after,
    require_room,
)
from playlist_svc.domain.formats.texts import clean, quoted

_MAX_DIGITS: Final = 18


def read(content: bytes) -> Document:
    """The playlist in ``content``; raises ``FileMalformed`` naming the line or the field."""
    root = _parsed(_decoded(content))
    playlist = root.get("playlist") if isinstance(root, dict) else None
    if not isinstance(playlist, dict):
        raise FileMalformed('A JSPF file is an object with an object "playlist".')
    where = "playlist"
    return Document(
        title=clean(_text(playlist, "title", where)),
        description=clean(_text(playlist, "annotation", where)),
        creator=clean(_text(playlist, "creator", where)),
        entries=tuple(_entries(playlist.get("track"))),
    )


def _decoded(content: bytes) -> str:
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        where = line_after(content[: wrong.start].decode("latin-1"))
        raise FileMalformed("the file is not in UTF-8", where) from wrong


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text, parse_int=_integer, parse_constant=_constant)
    except json.JSONDecodeError as broken:
        where = f"Line {broken.lineno}, column {broken.colno}"
        raise FileMalformed(f"this is not JSON ({broken.msg})", where) from None
    except RecursionError:
        raise FileMalformed("The JSON is nested too deep for a playlist.") from None
    return parsed


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise FileMalformed(f"a number of more than {_MAX_DIGITS} digits", quoted(digits))
    return int(digits)


def _constant(name: str) -> float:
    raise FileMalformed("this is no number of JSON", quoted(name))


def _entries(tracks: object) -> Iterable[FileEntry]:
    if tracks is None:
        return
    if not isinstance(tracks, list):
        raise FileMalformed("must be a list of tracks", "playlist.track")
    for index, track in enumerate(tracks):
        where = f"playlist.track[{index}]"
        require_room(index, where)
        if not isinstance(track, dict):
            raise FileMalformed("must be an object", where)
        yield entry_of(
            title=_text(track, "title", where),
            artist=_text(track, "creator", where),
            album=_text(track, "album", where),
            duration_ms=_duration(track.get("duration")),
            locations=_texts(track, "location", where),
            identifiers=_texts(track, "identifier", where),
        )


def _text(fields: Mapping[str, object], name: str, where: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FileMalformed("must be a text", f"{where}.{name}")
    return value


def _texts(fields: Mapping[str, object], name: str, where: str) -> list[str]:
    value = fields.get(name)
    if not isinstance(value, list):
        return [_text(fields, name, where)]
    texts = [text for text in value if isinstance(text, str)]
    if len(texts) != len(value):
        raise FileMalformed("must be a list of texts", f"{where}.{name}")
    return texts


def _duration(value: object) -> int | None:
    if isinstance(value, str):
        return duration_of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return duration_of(value)


def write(document: Document) -> bytes:
    """``document`` as JSPF in UTF-8, one track a line."""
    head = _dumped(
        title=clean(document.title),
        creator=clean(document.creator),
        annotation=clean(document.description),
    )
    tracks = ",\n".join(f"    {_track(entry)}" for entry in document.entries)
    head = f"{head[:-1]}, " if head != "{}" else "{"
    return f'{{"playlist": {head}"track": [\n{tracks}\n]}}}}\n'.encode()


def _track(entry: FileEntry) -> str:
    location, identifier = clean(entry.location), clean(entry.identifier)
    return _dumped(
        title=clean(entry.title),
        creator=clean(entry.artist),
        album=clean(entry.album),
        duration=entry.duration_ms,
        location=[location] if location else None,
        identifier=[identifier] if identifier else None,
    )


_encoded: Final = json.JSONEncoder(ensure_ascii=False).encode


def _dumped(**fields: object) -> str:
    return _encoded({name: value for name, value in fields.items() if value})
