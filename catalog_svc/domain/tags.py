"""What a file says about itself, brought into the bounds of the contract."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from catalog_svc.domain.catalogue import MAX_GENRES, MAX_NAME
from catalog_svc.domain.text import fold

UNKNOWN_ARTIST = "Unknown Artist"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_YEAR = re.compile(r"(?<!\d)(1\d{3}|2\d{3})(?!\d)")
_GENRE_SEPARATOR = re.compile(r"[;\x00]")
_MAX_NUMBER = 9_999
_MAX_DURATION_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags within the contract's bounds; what a file does not say is empty or 0."""

    title: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    disc_number: int = 0
    track_number: int = 0
    year: int = 0
    genres: tuple[str, ...] = ()
    duration_ms: int = 0

    def filled_from(self, other: Tags) -> Tags:
        """These tags, and where they say nothing the other ones."""
        names = [field.name for field in fields(self)]
        return Tags(**{name: getattr(self, name) or getattr(other, name) for name in names})

    def named_after(self, path: bytes) -> Tags:
        """These tags with a title, an artist and, for an album, its artist, whatever it takes."""
        artist = self.artist or self.album_artist or UNKNOWN_ARTIST
        return replace(
            self,
            title=self.title or file_title(path),
            artist=artist,
            album_artist=(self.album_artist or artist) if self.album else "",
        )


def make_tags(
    *,
    title: str | None,
    artist: str | None,
    album: str | None = None,
    album_artist: str | None = None,
    disc: object = None,
    number: object = None,
    year: object = None,
    genres: Iterable[str] = (),
    duration_s: float | None = None,
) -> Tags:
    """Tags from raw values of any quality."""
    return Tags(
        title=clean(title),
        artist=clean(artist),
        album=clean(album),
        album_artist=clean(album_artist),
        disc_number=_number(disc),
        track_number=_number(number),
        year=_year(year),
        genres=_genres(genres),
        duration_ms=min(max(0, round((duration_s or 0) * 1000)), _MAX_DURATION_MS),
    )


def clean(text: str | None) -> str:
    """One line without control characters or surrogates, at most ``MAX_NAME`` characters."""
    return _CONTROL.sub(" ", text or "").strip()[:MAX_NAME].rstrip()


def prose(text: str) -> str:
    """Text of several lines without other control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_CONTROL.sub(" ", line).rstrip() for line in lines).strip()


def identity(name: str) -> str:
    """What makes two spellings one artist or album; a name of punctuation alone is itself."""
    return fold(name) or name.casefold()


def file_title(path: bytes) -> str:
    """The file's name without its extension, readable whatever its bytes are."""
    name = os.path.basename(path).decode("utf-8", "replace")
    return clean(os.path.splitext(name)[0]) or "Untitled"


def _number(value: object) -> int:
    """The 3 of 3, "3", "03/12"; 0 for anything else."""
    match = re.match(r"\s*(\d{1,6})", str(value)) if value is not None else None
    number = int(match[1]) if match else 0
    return number if number <= _MAX_NUMBER else 0


def _year(value: object) -> int:
    match = _YEAR.search(str(value)) if value is not None else None
    return int(match[1]) if match else 0


def _genres(values: Iterable[str]) -> tuple[str, ...]:
    names = (clean(part) for value in values for part in _GENRE_SEPARATOR.split(value))
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_GENRES]
