"""Tracks that no model learnt of, scored by their content: as what is like them is scored.

The score of a new track is a mean of the scores that the model gives to known ones: of its artist,
shrunk to that of its genre in its decade, which is shrunk to that of the genre. Scores of factors,
of weights and of blends are linear in the track, so it is what factors regressed on artist, genre
and decade would give, and what each track of a history adds to it stays exact.

In a history a new track stands for the most heard known ones of its artist, or of its genre.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from scipy.sparse import csr_matrix

from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.new_tracks import Means, WithNewTracks

MOST_OF_GROUP = 500
"""The mean of an artist or a genre is of so many of its tracks at most: the most heard ones."""
MOST_KIN = 10
"""A new track in a history stands for so many known ones at most."""

_SHRUNK = {"artist": 1.0, "decade": 10.0, "genre": 20.0}
"""So many tracks of a group weigh as much as what the group is shrunk to."""

Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a track that nobody has heard; an empty genre, or year 0, is not known.

    ``added_at_ms`` is when the catalogue got it, in Unix milliseconds.
    """

    artist_id: str
    genre: str = ""
    year: int = 0
    added_at_ms: int = 0

    def groups(self) -> Iterator[Group]:
        """The groups that it belongs to, the nearest first."""
        yield "artist", self.artist_id
        if self.genre:
            if self.year:
                yield "decade", self.genre, str(self.year // 10)
            yield "genre", self.genre


def with_new_tracks(model: Model, catalogue: Mapping[str, Content], new: Sequence[str]) -> Model:
    """``model``, and behind its rows those of ``new``, ids that it has not learnt.

    Left out are those of which no artist or genre is known to it. ``artists`` are told anew, of
    what ``catalogue`` has.
    """
    groups = _Groups(model, catalogue)
    rows = [id_ for id_ in new if any(group in groups.members for group in catalogue[id_].groups())]
    own = [catalogue[id_] for id_ in rows]
    index = TrackIndex((*model.tracks.all(), *rows))
    # Whoever asks for rows first would wait for the index to be made.
    index.rows(())
    return replace(
        model,
        tracks=index,
        artists=_artists(index, catalogue),
        popularity=np.concatenate([model.popularity, np.zeros(len(rows), np.float32)]),
        scorer=WithNewTracks(model.scorer, groups.means(own), groups.kin(own)),
        unnamed=groups.means(own, but="artist"),
        new=len(rows),
    )


class _Groups:
    """Groups of known tracks; of each the members, the most heard first."""

    def __init__(self, model: Model, catalogue: Mapping[str, Content]) -> None:
        self._known = len(model.tracks)
        found: dict[Group, list[int]] = defaultdict(list)
        ids = model.tracks.all()
        for row in np.argsort(-model.popularity, kind="stable").tolist():
            content = catalogue.get(ids[row])
            for group in content.groups() if content else ():
                if len(held := found[group]) < MOST_OF_GROUP:
                    held.append(row)
        self.members = dict(found)

    def means(self, new: Sequence[Content], *, but: str = "") -> Means:
        """How the scores of ``new`` come from known ones, ``but`` by groups of that kind."""
        shares = [self._shares(one, but) for one in new]
        lines = {group: line for line, group in enumerate(dict.fromkeys(chain(*shares)))}
        groups = _matrix([_evenly(self.members[group]) for group in lines], self._known)
        mix = [{lines[group]: share for group, share in one.items()} for one in shares]
        return Means(groups, _matrix(mix, len(lines)))

    def kin(self, new: Sequence[Content]) -> csr_matrix:
        """What each of ``new`` stands for in a history, [new, known]; a line sums to 1."""
        nearest = (next(group for group in one.groups() if group in self.members) for one in new)
        return _matrix([_evenly(self.members[one][:MOST_KIN]) for one in nearest], self._known)

    def _shares(self, content: Content, but: str) -> dict[Group, float]:
        """How much of the score of a track is the mean of which group."""
        left, shares = 1.0, {}
        for group in content.groups():
            if group in self.members and group[0] != but:
                size = len(self.members[group])
                shares[group] = left * size / (size + _SHRUNK[group[0]])
                left -= shares[group]
        return shares


def _evenly(rows: Sequence[int]) -> dict[int, float]:
    return dict.fromkeys(rows, 1 / len(rows))


def _matrix(lines: Sequence[Mapping[int, float]], columns: int) -> csr_matrix:
    values = np.fromiter(chain.from_iterable(one.values() for one in lines), dtype=np.float32)
    places = np.fromiter(chain.from_iterable(lines), dtype=np.int32)
    ends = np.cumsum([0, *map(len, lines)])
    made = csr_matrix((values, places, ends), shape=(len(lines), columns))
    made.sort_indices()
    return made


def _artists(index: TrackIndex, catalogue: Mapping[str, Content]) -> np.ndarray:
    numbers: dict[str, int] = {}
    found = (catalogue.get(id_) for id_ in index.all())
    each = (numbers.setdefault(one.artist_id, len(numbers)) if one else -1 for one in found)
    return np.fromiter(each, dtype=np.int32, count=len(index))
