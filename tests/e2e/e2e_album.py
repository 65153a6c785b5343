"""The album that these tests import, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALBUM = "Proof of Sound"
FLAC_SECONDS, OTHER_SECONDS = 24, 6

Tokens = Callable[..., str]
"""A token of a user by name; takes ``tier`` and ``admin``."""


@dataclass(frozen=True)
class Song:
    """A file of the album; ``options`` are FFmpeg's."""

    number: int
    title: str
    artist: str
    suffix: str
    seconds: int = OTHER_SECONDS
    options: tuple[str, ...] = ()
    lossless: bool = False


SONGS = (
    Song(1, "Harbour Lights", "Ada Meridian", "flac", FLAC_SECONDS, lossless=True),
    Song(2, "Nocturne for Relays", "Ada Meridian", "mp3"),
    Song(3, "Überfahrt", "Ilse Fontaine", "m4a"),
    Song(4, "Saltwater Telegraph", "Ilse Fontaine", "ogg", 6, ("-c:a", "vorbis", "-strict", "-2")),
    Song(5, "Second Derivative", "Ilse Fontaine", "opus", 6, ("-ar", "48000")),
    Song(6, "Long Exposure", "Marlow & Finch", "wav", lossless=True),
)


@dataclass(frozen=True)
class Music:
    """What was imported: the folder, the Import, and the tracks by title, as GET /tracks has it."""

    folder: Path
    run: Any
    tracks: dict[str, Any]
    cover: bytes

    def id_of(self, song: Song) -> str:
        return str(self.tracks[song.title]["id"])
