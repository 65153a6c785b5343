"""Homes as JSON: every track once, and where it stands by its number."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any, Final

from rec_svc.domain.home import Home, Shelf, ShelfKind
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, Source
from rec_svc.domain.tracks import Artist, Track

_VERSION: Final = 1
_TRACK: Final = tuple(Track.__dataclass_fields__)


class HomeDamaged(Exception):
    """It is no home, or one of another version."""


def encode(home: Home) -> bytes:
    """All of a home."""
    tracks: dict[str, Track] = {}
    shelves = [_shelf(shelf, tracks) for shelf in home.shelves]
    body = {
        "version": _VERSION,
        "made_at_ms": home.made_at_ms,
        "model_id": home.model_id,
        "arms": dict(home.arms),
        "held_back": home.held_back,
        "tracks": [astuple(track) for track in tracks.values()],
        "shelves": shelves,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Home:
    """The home. Raises HomeDamaged."""
    try:
        told = json.loads(body)
        if told["version"] != _VERSION:
            raise HomeDamaged
        tracks = [Track(**dict(zip(_TRACK, row, strict=True))) for row in told["tracks"]]
        by_id = {track.id: track for track in tracks}
        return Home(
            made_at_ms=told["made_at_ms"],
            model_id=told["model_id"],
            shelves=tuple(_shelf_of(one, by_id) for one in told["shelves"]),
            arms=told["arms"],
            held_back=told["held_back"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HomeDamaged from error


def _shelf(shelf: Shelf, tracks: dict[str, Track]) -> list[Any]:
    because = _noted(shelf.because, tracks)
    picks = [_pick(one, tracks) for one in shelf.tracks]
    return [shelf.kind.name, shelf.shown_id, shelf.source.name, because, shelf.model_id, picks]


def _shelf_of(told: list[Any], tracks: dict[str, Track]) -> Shelf:
    kind, shown_id, source, because, model_id, picks = told
    return Shelf(
        ShelfKind[kind],
        shown_id,
        Source[source],
        tuple(_pick_of(one, tracks) for one in picks),
        tracks[because] if because else None,
        model_id,
    )


def _pick(one: Recommended, tracks: dict[str, Track]) -> list[Any]:
    artist = one.reason.artist
    return [
        _noted(one.track, tracks),
        one.score,
        one.propensity,
        one.reason.kind.name,
        _noted(one.reason.track, tracks),
        None if artist is None else [artist.id, artist.name],
    ]


def _pick_of(told: list[Any], tracks: dict[str, Track]) -> Recommended:
    track_id, score, propensity, kind, because, artist = told
    reason = Reason(
        ReasonKind[kind],
        tracks[because] if because else None,
        Artist(*artist) if artist else None,
    )
    return Recommended(tracks[track_id], score, reason, propensity)


def _noted(track: Track | None, tracks: dict[str, Track]) -> str:
    """The id of a track, which is then among ``tracks``."""
    if track is None:
        return ""
    tracks[track.id] = track
    return track.id
