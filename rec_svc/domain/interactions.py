"""Who heard what, as a sparse matrix: what every trainer learns from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


class TrackIndex:
    """The rows that the tracks of a model have, by id, in both directions; immutable."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = tuple(ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, track_id: str) -> bool:
        return track_id in self._rows

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {track_id: row for row, track_id in enumerate(self._ids)}

    def rows(self, track_ids: Iterable[str]) -> NDArray[np.int32]:
        """The rows of those that are known, in the order given; the others are left out."""
        known = (self._rows.get(track_id) for track_id in track_ids)
        return np.array([row for row in known if row is not None], dtype=np.int32)

    def ids(self, rows: Iterable[int]) -> list[str]:
        """The ids at ``rows``; raises IndexError for a row that there is not."""
        return [self._ids[row] for row in rows]

    def all(self) -> tuple[str, ...]:
        """Every id, by row."""
        return self._ids


@dataclass(frozen=True, slots=True)
class Heard:
    """What listeners did, one entry a column position.

    ``user`` and ``track`` are ids, ``weight`` what the event tells for a pair (1 for a play, a save
    or an addition to a playlist, below 0 for an early skip or an undone save), ``at_ms`` Unix time.
    """

    user: NDArray[np.object_]
    track: NDArray[np.object_]
    weight: NDArray[np.float32]
    at_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user)

    def where(self, chosen: NDArray[np.bool_]) -> Heard:
        """The entries that ``chosen`` marks."""
        return Heard(self.user[chosen], self.track[chosen], self.weight[chosen], self.at_ms[chosen])


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to learn from, at most.

    ``pairs`` of a listener and a track; ``together``: pairs of two tracks that a listener has both,
    summed over listeners.
    """

    listeners: int
    tracks: int
    pairs: int
    together: int

    @classmethod
    def of(cls, heard: Heard) -> Size:
        """That of what was heard; each event is reckoned as a pair of its own."""
        _, each = np.unique(heard.user.astype(str), return_counts=True)
        together = int((each.astype(np.int64) ** 2).sum())
        return cls(len(each), len(set(heard.track)), len(heard), together)


@dataclass(frozen=True, slots=True)
class Interactions:
    """A matrix [listeners, tracks] of float32, 1 where a listener took to a track.

    Which listener a line is stands in ``users`` and is no part of any model.
    """

    users: tuple[str, ...]
    tracks: TrackIndex
    matrix: csr_matrix

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return int(self.matrix.nnz)

    def with_matrix(self, matrix: csr_matrix) -> Interactions:
        """The same listeners and tracks with other pairs."""
        return Interactions(self.users, self.tracks, matrix)


def interactions(heard: Heard, tracks: TrackIndex | None = None) -> Interactions:
    """The pairs of which something is left when plays, saves and skips are summed.

    Values are 1 however often a track was played: on public data counts, their logarithms and
    BM25 all rank worse than one and nothing. ``tracks``: those that the matrix may have (others
    are left out); by default all that were heard, sorted by id. Listeners are sorted by id.
    """
    users = sorted(set(heard.user))
    if tracks is None:
        tracks = TrackIndex(sorted(set(heard.track)))
    rows, columns = _places(users, heard.user), _places(tracks.all(), heard.track)
    kept = columns >= 0
    shape = (len(users), len(tracks))
    sums = csr_matrix((heard.weight[kept], (rows[kept], columns[kept])), shape=shape)
    return Interactions(tuple(users), tracks, ones_where_positive(sums))


def _places(ids: Sequence[str], named: NDArray[np.object_]) -> NDArray[np.int32]:
    """Where each of ``named`` stands in ``ids``; -1 for those that do not."""
    known = {id_: place for place, id_ in enumerate(ids)}
    return np.fromiter((known.get(one, -1) for one in named), np.int32, len(named))


def ones_where_positive(sums: csr_matrix) -> csr_matrix:
    """1 where ``sums`` is above 0, nothing elsewhere; columns sorted, float32."""
    chosen = sums.data > 0
    lines = np.repeat(np.arange(sums.shape[0]), np.diff(sums.indptr))
    values = np.ones(int(chosen.sum()), dtype=np.float32)
    made = csr_matrix((values, (lines[chosen], sums.indices[chosen])), shape=sums.shape)
    made.sort_indices()
    return made


def rows_matrix(
    histories: Sequence[NDArray[np.int32]], weights: Sequence[NDArray[np.float32]], tracks: int
) -> csr_matrix:
    """One line a history: its rows, with their weights."""
    ends = np.cumsum([0, *map(len, histories)])
    indices = np.concatenate(histories) if histories else np.zeros(0, np.int32)
    values = np.concatenate(weights) if weights else np.zeros(0, np.float32)
    shape = (len(histories), tracks)
    return csr_matrix((values.astype(np.float32), indices, ends), shape=shape)


def listeners(matrix: csr_matrix) -> NDArray[np.float64]:
    """How many listeners each track has."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)
