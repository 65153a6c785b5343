"""Places of lists for tracks of which little is known, drawn with chances that are told.

What only the best are shown for can never be found out to be good. So a share of all places goes to
tracks that few or nobody heard, among those that a model puts near what a list goes by: each of
them is as likely to be drawn, and what gives way is the last of the list. Of every track of a list
the *propensity* is told, how likely it was to stand there: the sum of outcomes, each divided by its
propensity, then has the mean that showing everything would have.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from rec_svc.domain.recommended import (
    MOST_OF_ARTIST,
    Reason,
    ReasonKind,
    Recommended,
    Wanted,
)
from rec_svc.domain.tracks import Track

POOL: Final = 50
"""Of so many tracks one is drawn, at most."""
_LEAST_A_PLACE: Final = 2


def with_explored(
    ranked: Sequence[Recommended],
    candidates: Iterable[Track],
    *,
    wanted: Wanted,
    places: float,
    score: Callable[[Track], float],
    chance: random.Random,
    before: Sequence[Recommended] = (),
) -> list[Recommended]:
    """``ranked``, a mean of ``places`` of which are given to some of ``candidates``.

    A part of a place is given so often. It is drawn from those first among ``candidates`` that may
    stand beside what stays and ``before``; where they are fewer than two a place nothing is given.
    """
    sure = int(places)
    part = places - sure
    most = sure + (part > 0)
    kept = ranked[: len(ranked) - sure]
    pool = pool_of(candidates, [*before, *kept], wanted)
    if not most or len(ranked) < most or len(pool) < _LEAST_A_PLACE * most:
        return list(ranked)
    count = sure + (chance.random() < part)
    found = list(ranked[: len(ranked) - count])
    if part and count == sure:
        found[-1] = replace(found[-1], propensity=1 - part)
    reason, propensity = Reason(ReasonKind.EXPLORED), places / len(pool)
    for track in chance.sample(pool, count):
        # Never the first, unless it is all that there is.
        place = chance.randint(min(1, len(found)), len(found))
        found.insert(place, Recommended(track, score(track), reason, propensity))
    return found


def pool_of(
    candidates: Iterable[Track], beside: Sequence[Recommended], wanted: Wanted
) -> list[Track]:
    """The first ``POOL`` of ``candidates`` any of which may stand beside the others: one an artist,
    so that whichever are drawn, no artist has more than two."""
    ids = {one.track.id for one in beside}
    artists = Counter(one.track.artist_id for one in beside)
    pool: dict[str, Track] = {}
    for track in candidates:
        if len(pool) == POOL:
            break
        if (
            track.id not in ids
            and artists[track.artist_id] < MOST_OF_ARTIST
            and track.artist_id not in pool
            and wanted.allows(track)
        ):
            pool[track.artist_id] = track
    return list(pool.values())
