"""Item-kNN: a track is as near to another as the cosine of their listeners says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from rec_svc.domain.interactions import listeners

BLOCK_PAIRS = 4_000_000
"""So many pairs of tracks are looked at once, unless a single track has more."""

_PAIR_BYTES = 64


@dataclass(frozen=True, slots=True)
class KnnParameters:
    """``neighbours`` kept of each track; ``shrink`` is added to the cosine's denominator."""

    neighbours: int = 400
    shrink: float = 0.0


def fit_item_knn(train: csr_matrix, parameters: KnnParameters) -> csr_matrix:
    """The similarities [tracks, tracks]: a history times them is its scores. The diagonal is 0.

    Tracks are compared with all others a block at a time, so that the many that are not kept need
    little memory.
    """
    norms = np.sqrt(listeners(train))
    turned = csr_matrix(train.T)
    found = [
        nearest(_cosines(turned, train, block, norms, parameters.shrink), parameters.neighbours)
        for block in _blocks(turned, np.diff(train.indptr))
    ]
    # Near in both directions: the nearest of each track are those of its column.
    if not found:
        return csr_matrix((0, 0), dtype=np.float32)
    return csr_matrix(csr_matrix(vstack(found)).T)


def fit_bytes(tracks: int, together: int, neighbours: int) -> int:
    """What a fit takes at its peak, where listeners have ``together`` pairs of tracks in all."""
    block = min(together, BLOCK_PAIRS + tracks)
    return _PAIR_BYTES * block + 3 * kept_bytes(tracks, together, neighbours)


def kept_bytes(tracks: int, together: int, neighbours: int) -> int:
    """What the similarities take that are kept."""
    return 8 * min(together, neighbours * tracks)


def _blocks(turned: csr_matrix, heard: NDArray[np.int32]) -> Iterator[slice]:
    """Tracks next to each other that have at most ``BLOCK_PAIRS`` with others, or are alone."""
    most = np.cumsum((turned != 0) @ heard.astype(np.int64))
    start, done = 0, 0
    while start < len(most):
        end = max(start + 1, int(np.searchsorted(most, done + BLOCK_PAIRS, side="right")))
        yield slice(start, end)
        start, done = end, int(most[end - 1])


def _cosines(
    turned: csr_matrix,
    train: csr_matrix,
    block: slice,
    norms: NDArray[np.float64],
    shrink: float,
) -> csr_matrix:
    """The similarities of the tracks of ``block`` to all others, 0 to themselves."""
    together = csr_matrix(turned[block] @ train)
    lines = np.repeat(np.arange(block.start, block.stop), np.diff(together.indptr))
    lengths = norms[lines] * norms[together.indices] + shrink
    together.data = (together.data / lengths).astype(np.float32)
    together.data[lines == together.indices] = 0
    together.eliminate_zeros()
    return together


def nearest(matrix: csr_matrix, count: int) -> csr_matrix:
    """The ``count`` largest entries of each line; of equals those of the lower columns."""
    lines = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, lines))
    rank = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr))
    kept = np.sort(order[rank < count])
    made = csr_matrix((matrix.data[kept], (lines[kept], matrix.indices[kept])), matrix.shape)
    made.sort_indices()
    return made
