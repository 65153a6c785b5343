"""EASE^R and EDLAE: linear models of the tracks by each other, in closed form.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019), and "Autoencoders that
don't overfit towards the Identity" (NeurIPS 2020), whose dropout adds p / (1 - p) times a track's
listeners to its ridge. For small catalogues: time grows with the cube of the tracks, or of the
listeners where those are fewer, and memory with the square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import listeners

_MIRRORED = 512


@dataclass(frozen=True, slots=True)
class EaseParameters:
    """``ridge`` on every weight, ``dropout`` 0 (EASE^R) to below 1 (EDLAE).

    Only the ``tracks`` with the most listeners take part, and those with at least ``least``; of
    each track's weights the ``kept`` largest stay.
    """

    ridge: float = 50.0
    dropout: float = 0.33
    tracks: int = 8_000
    least: int = 2
    kept: int = 400


def fit_ease(train: csr_matrix, parameters: EaseParameters) -> csr_matrix:
    """The weights [tracks, tracks]: a history times them is its scores. The diagonal is 0."""
    chosen = common_tracks(train, parameters.tracks, parameters.least)
    if not len(chosen):
        return csr_matrix(train.shape[1:] * 2, dtype=np.float32)
    part = train[:, chosen]
    return widened(ease_weights(part, parameters), chosen, train.shape[1], parameters.kept)


def ease_weights(part: csr_matrix, parameters: EaseParameters) -> Floats:
    """The dense weights of all tracks of ``part``."""
    gram = np.asarray((part.T @ part).todense(), dtype=np.float32, order="F")
    dropped = parameters.dropout / (1 - parameters.dropout)
    np.fill_diagonal(gram, np.diag(gram) * (1 + dropped) + parameters.ridge)
    inverse = _inverse(gram)
    diagonal = np.diag(inverse).copy()
    inverse /= -diagonal
    np.fill_diagonal(inverse, 0.0)
    return inverse


def common_tracks(train: csr_matrix, most: int, least: int) -> np.ndarray:
    """The rows of the ``most`` tracks with the most listeners, ``least`` or more; ascending."""
    counts = listeners(train)
    order = np.argsort(-counts, kind="stable")[:most]
    return np.sort(order[counts[order] >= least])


def widened(weights: Floats, chosen: np.ndarray, tracks: int, kept: int) -> csr_matrix:
    """The ``kept`` largest of each column by size, in the columns and rows of all tracks."""
    size = len(chosen)
    kept = min(kept, size)
    columns: list[csr_matrix] = []
    for start in range(0, size, 512):
        block = weights[:, start : start + 512].T
        places = np.argpartition(-np.abs(block), kept - 1, axis=1)[:, :kept]
        values = np.take_along_axis(block, places, axis=1).ravel().astype(np.float32)
        ends = np.arange(0, len(block) * kept + 1, kept)
        columns.append(csr_matrix((values, chosen[places.ravel()], ends), (len(block), tracks)))
    stacked = _stacked(columns, chosen, tracks)
    made = csr_matrix(stacked.T)
    made.eliminate_zeros()
    made.sort_indices()
    return made


def _stacked(blocks: list[csr_matrix], chosen: np.ndarray, tracks: int) -> csr_matrix:
    """Lines of ``blocks`` at the rows ``chosen`` of a matrix of all tracks."""
    sizes = np.zeros(tracks, dtype=np.int64)
    sizes[chosen] = np.concatenate([np.diff(block.indptr) for block in blocks])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    indices = np.concatenate([block.indices for block in blocks])
    values = np.concatenate([block.data for block in blocks])
    return csr_matrix((values, indices, ends), shape=(tracks, tracks))


def _inverse(gram: Floats) -> Floats:
    """The inverse of a positive definite matrix, in place where LAPACK can."""
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("the ridge is too small for these data")
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the ridge is too small for these data")
    _mirror(inverse)
    return np.asarray(inverse)


def _mirror(lower: Floats) -> None:
    """Writes what is below the diagonal above it, too; block by block, for it may be large."""
    size = len(lower)
    for start in range(0, size, _MIRRORED):
        end = min(start + _MIRRORED, size)
        lower[start:end, end:] = lower[end:, start:end].T
        corner = np.tril(lower[start:end, start:end])
        lower[start:end, start:end] = corner + np.tril(corner, -1).T
