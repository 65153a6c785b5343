"""Item-kNN: a track is as near to another as the cosine of their listeners says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags

from rec_svc.domain.interactions import listeners


@dataclass(frozen=True, slots=True)
class KnnParameters:
    """``neighbours`` kept of each track; ``shrink`` is added to the cosine's denominator."""

    neighbours: int = 400
    shrink: float = 0.0


def fit_item_knn(train: csr_matrix, parameters: KnnParameters) -> csr_matrix:
    """The similarities [tracks, tracks]: a history times them is its scores. The diagonal is 0."""
    norms = np.sqrt(listeners(train))
    inverse = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    together = csr_matrix(train.T @ train)
    together.setdiag(0)
    together.eliminate_zeros()
    if parameters.shrink:
        lines = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
        together.data /= norms[lines] * norms[together.indices] + parameters.shrink
        found = together
    else:
        found = diags(inverse) @ together @ diags(inverse)
    found = csr_matrix(found, dtype=np.float32)
    # Near in both directions: the nearest of each track are those of its column.
    return csr_matrix(nearest(found, parameters.neighbours).T)


def nearest(matrix: csr_matrix, count: int) -> csr_matrix:
    """The ``count`` largest entries of each line; of equals those of the lower columns."""
    lines = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, lines))
    rank = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr))
    kept = np.sort(order[rank < count])
    made = csr_matrix((matrix.data[kept], (lines[kept], matrix.indices[kept])), matrix.shape)
    made.sort_indices()
    return made
