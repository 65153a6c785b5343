"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.process import Serving
from rec_svc.ports.listening import FavoriteArtists, Listening
from rec_svc.ports.playlists import Playlists
from rec_svc.ports.tracks import Tracks
from rec_svc.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on."""

    tracks: Tracks
    listening: Listening
    favorites: FavoriteArtists
    playlists: Playlists


def assemble(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves the contracts of recommendations on ``parts``."""
