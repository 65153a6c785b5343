"""Why a model recommends tracks, in words that hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rec_svc.domain.fold_in import Floats
from rec_svc.domain.model import Model
from rec_svc.domain.recommended import Reason, ReasonKind
from rec_svc.domain.tracks import Artist, Track


def model_reasons(
    model: Model,
    scores: Floats,
    tracks: Sequence[Track],
    causes: Sequence[Track | None],
    blocked_artists: Collection[str],
) -> list[Reason]:
    """The reason of each of ``tracks``, all of them the model's.

    ``scores`` are one listener's, ``causes`` the track that each score is owed to (``ranking``),
    None where there is none or it can be heard no more. No blocked artist is named.
    """
    rows = model.tracks.rows(track.id for track in tracks)
    by_artist = model.owed_to_artists(scores, rows).tolist()
    return [
        _of_new(track, named=named) if row >= model.learnt else _of_learnt(cause, blocked_artists)
        for track, row, named, cause in zip(tracks, rows.tolist(), by_artist, causes, strict=True)
    ]


def _of_new(track: Track, *, named: bool) -> Reason:
    artist = Artist(track.artist_id, track.artist) if named else None
    return Reason(ReasonKind.NEW, artist=artist)


def _of_learnt(cause: Track | None, blocked_artists: Collection[str]) -> Reason:
    if cause is None or cause.artist_id in blocked_artists:
        return Reason(ReasonKind.SIMILAR_LISTENERS)
    return Reason(ReasonKind.BECAUSE_OF_TRACK, cause)
