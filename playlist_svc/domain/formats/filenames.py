"""What the name of a file tells of the track in it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from playlist_svc.domain.formats.texts import clean

# One letter before the colon is a drive, not a scheme.
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_SUFFIX: Final = re.compile(r"(?<=.)\.[a-z][a-z0-9]{1,4}$", re.IGNORECASE)
# "1-03" is disc and track; in "2-Pac" the dash belongs to a name.
_NUMBERED: Final = re.compile(
    r"(?:\d-(?=\d\d\b))?+(?:\d{2,3}\s*[-._)]+|\d\s*[._)]+|\d\s+-+)\s*(?=\S)"
)
_PADDED: Final = re.compile(r"(?:\d-)?\d{2}\s+(?=\S)")
_DASH: Final = " - "


def guess(location: str) -> tuple[str, str]:
    """Artist and title after the last part of a path or URL; each empty where it tells none.

    Known are ``NN - Artist - Title.ext``, ``Artist - Title.ext``, ``NN Title.ext`` and the same
    with underscores for spaces. Both kinds of slashes part a path; a URL is percent-decoded.
    """
    stem = _SUFFIX.sub("", clean(_last_part(location)))
    if " " not in stem:
        stem = stem.replace("_", " ")
    artist, dash, title = _without_number(stem).partition(_DASH)
    return (clean(artist), clean(title)) if dash else ("", clean(artist))


def _last_part(location: str) -> str:
    scheme = _URL.match(location)
    if scheme is None:
        return re.split(r"[/\\]", location)[-1]
    _, slash, path = _QUERY.sub("", location[scheme.end() :]).partition("/")
    return unquote(path.rsplit("/", 1)[-1]) if slash else ""


def _without_number(stem: str) -> str:
    if numbered := _NUMBERED.match(stem):
        return stem[numbered.end() :]
    # "50 Cent - In da Club" begins with a name; "05 Cent - …" would begin with a position.
    padded = _PADDED.match(stem)
    if padded and (stem.startswith("0") or _DASH not in stem):
        return stem[padded.end() :]
    return stem
