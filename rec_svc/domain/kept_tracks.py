"""Tracks of lists that are kept, and what may be recommended of them when they are told again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rec_svc.domain.reasons import kept_reason
from rec_svc.domain.recommended import ReasonKind, Recommended, Wanted
from rec_svc.domain.tracks import Track


@dataclass(frozen=True, slots=True)
class KeptTrack:
    """A track of a list, as it was chosen: whatever the catalogue does not say of it.

    ``because_of`` is the id of the track of its reason, or of one by the artist of it; empty: it
    names none.
    """

    track_id: str
    score: float
    kind: ReasonKind
    because_of: str = ""
    propensity: float = 1.0

    @classmethod
    def of(cls, one: Recommended) -> KeptTrack:
        """What is kept of a track that is recommended."""
        because_of = "" if one.reason.track is None else one.reason.track.id
        return cls(one.track.id, one.score, one.reason.kind, because_of, one.propensity)


def named(kept: Iterable[KeptTrack]) -> set[str]:
    """The ids of all tracks that are named, also as reasons."""
    return {id_ for one in kept for id_ in (one.track_id, one.because_of) if id_}


def recommended_now(
    kept: Iterable[KeptTrack], known: Mapping[str, Track], wanted: Wanted
) -> tuple[Recommended, ...]:
    """Those that may stand in a list still: ``known`` are the ``named`` tracks that there are."""
    return tuple(
        Recommended(
            known[one.track_id],
            one.score,
            kept_reason(one.kind, one.because_of, known, wanted),
            one.propensity,
        )
        for one in kept
        if one.track_id in known and wanted.allows(known[one.track_id])
    )
