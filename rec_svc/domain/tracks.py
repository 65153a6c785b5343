"""Tracks as recommendations know them: a copy of what the catalogue says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track of the catalogue that can be heard.

    Ids are ULIDs; ``album_id`` and ``genre`` may be empty, ``year`` 0. ``premium``: plans without
    premium tracks may not play it. ``added_at_ms`` is when the catalogue got it, in Unix
    milliseconds.
    """

    id: str
    title: str
    artist: str
    artist_id: str
    album: str = ""
    album_id: str = ""
    duration_ms: int
    year: int = 0
    genre: str = ""
    artwork_path: str = ""
    premium: bool = False
    added_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist who has tracks that can be heard; ``id`` is a ULID."""

    id: str
    name: str
