"""Kept tracks as rows of JSON, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.recommended import ReasonKind


def rows_of(kept: Iterable[KeptTrack]) -> list[list[Any]]:
    """A row a track."""
    return [
        [one.track_id, one.score, one.kind.name, one.because_of, one.propensity] for one in kept
    ]


def tracks_of(rows: Iterable[Sequence[Any]]) -> tuple[KeptTrack, ...]:
    """The tracks of those rows."""
    return tuple(
        KeptTrack(track_id, score, ReasonKind[kind], because_of, propensity)
        for track_id, score, kind, because_of, propensity in rows
    )
