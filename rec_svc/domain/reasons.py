"""Why a model recommends tracks, in words that hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rec_svc.domain.fold_in import Floats
from rec_svc.domain.model import Model
from rec_svc.domain.recommended import Reason, ReasonKind, Wanted
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


def kept_reason(
    kind: ReasonKind, because_of: str, known: Mapping[str, Track], wanted: Wanted
) -> Reason:
    """The reason of a track that was chosen before, as it may be told now.

    It names the track ``because_of``, or its artist, only while that can be heard and the artist is
    not blocked; empty: it names nothing.
    """
    if not because_of:
        return Reason(kind)
    named = known.get(because_of)
    if named is None or not wanted.has_artist_of(named):
        return Reason(ReasonKind.SIMILAR_LISTENERS)
    if kind is ReasonKind.ARTIST_YOU_FOLLOW:
        return Reason(kind, artist=Artist(named.artist_id, named.artist))
    return Reason(kind, named)


def _of_new(track: Track, *, named: bool) -> Reason:
    artist = Artist(track.artist_id, track.artist) if named else None
    return Reason(ReasonKind.NEW, artist=artist)


def _of_learnt(cause: Track | None, blocked_artists: Collection[str]) -> Reason:
    if cause is None or cause.artist_id in blocked_artists:
        return Reason(ReasonKind.SIMILAR_LISTENERS)
    return Reason(ReasonKind.BECAUSE_OF_TRACK, cause)
