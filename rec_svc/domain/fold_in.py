"""Least squares for many listeners (or tracks) at once: the factors that fit what each has.

For each line with rows V of the other side, confidences c and wants t, solves

    (negatives * G + ridge I + V' diag(c) V) x = V' t,    G = all' all of the other side.

``ridge`` depends on how many entries the line has and on nothing else, so lines are grouped by
their number of entries n. Where n is below the dimension d, one Cholesky of the d x d part serves
the whole group and each line costs an n x n solve (the Woodbury identity): most tracks have one or
two listeners. Otherwise the d x d systems are built and solved in batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]

BATCH_FLOATS = 4_000_000
"""A batch gathers at most so many floats, 16 MB; temporaries are three times that."""


@dataclass(frozen=True, slots=True)
class Regularisation:
    """How unobserved pairs and sizes are held down.

    ``negatives``: weight of every pair, observed or not, as a 0. ``ridge``: times (entries of the
    line + unobserved_ridge * negatives * lines of the other side) ** ``exponent``; 1 scales with
    frequency, 0 is a constant. The confidence of a pair of value v is ``alpha`` v +
    ``confidence_offset``, its want ``alpha`` v + ``want_offset``.
    """

    ridge: float
    negatives: float
    exponent: float = 1.0
    alpha: float = 1.0
    confidence_offset: float = 0.0
    want_offset: float = 0.0
    unobserved_ridge: float = 1.0

    def of(self, entries: int, others: int) -> float:
        """The ridge of a line with ``entries`` entries, of ``others`` lines on the other side."""
        return float(
            self.ridge
            * (entries + self.unobserved_ridge * self.negatives * others) ** self.exponent
        )

    def confidences(self, values: Floats) -> Floats:
        """What an observed pair weighs beyond an unobserved one."""
        return np.asarray(self.alpha * values + self.confidence_offset, dtype=np.float32)

    def wants(self, values: Floats) -> Floats:
        """Confidence times the value that is wanted for it."""
        return np.asarray(self.alpha * values + self.want_offset, dtype=np.float32)


def gramian(factors: Floats) -> Floats:
    """Factors' times factors, [d, d]."""
    return factors.T @ factors


def solve_lines(matrix: csr_matrix, others: Floats, gram: Floats, how: Regularisation) -> Floats:
    """The factors [lines, d] of the lines of ``matrix``; zeros for a line without entries."""
    sizes = np.diff(matrix.indptr)
    solved = np.zeros((matrix.shape[0], others.shape[1]), dtype=np.float32)
    for entries in np.unique(sizes[sizes > 0]):
        lines = np.flatnonzero(sizes == entries)
        step = max(1, BATCH_FLOATS // int(entries * others.shape[1]))
        base = _base(gram, how, int(entries), len(others))
        for start in range(0, len(lines), step):
            part = lines[start : start + step]
            places = matrix.indptr[part][:, None] + np.arange(entries)
            rows, values = others[matrix.indices[places]], matrix.data[places]
            solved[part] = _solve(base, rows, how.confidences(values), how.wants(values))
    return solved


def line_system(
    rows: Floats, values: Floats, others: int, gram: Floats, how: Regularisation
) -> tuple[Floats, Floats]:
    """The system [d, d] of one line and what each of its entries adds to the right side [n, d].

    The line's factors are the inverse of the first times the sum of the second.
    """
    base = _base(gram, how, len(rows), others)
    weighted = rows * how.confidences(values)[:, None]
    return base + rows.T @ weighted, rows * how.wants(values)[:, None]


def _base(gram: Floats, how: Regularisation, entries: int, others: int) -> Floats:
    ridge = np.float32(how.of(entries, others))
    return np.asarray(how.negatives * gram + ridge * np.eye(len(gram)), dtype=np.float32)


def _solve(base: Floats, rows: Floats, confidences: Floats, wants: Floats) -> Floats:
    """The factors of lines with equally many entries: ``rows`` [lines, n, d]."""
    if not confidences.any():
        right = np.einsum("bnd,bn->bd", rows, wants)
        return np.asarray(np.linalg.solve(base, right.T).T, dtype=np.float32)
    if rows.shape[1] < rows.shape[2] and confidences.min() > 0:
        return _solve_small(base, rows, confidences, wants)
    weighted = (rows * confidences[:, :, None]).transpose(0, 2, 1)
    systems = base + weighted @ rows
    right = np.einsum("bnd,bn->bd", rows, wants)
    return np.asarray(np.linalg.solve(systems, right[:, :, None])[:, :, 0], dtype=np.float32)


def _solve_small(base: Floats, rows: Floats, confidences: Floats, wants: Floats) -> Floats:
    """The same by n x n systems: base = L L', S = sqrt(c) V L^-T.

    Then x = L^-T S' (I + S S')^-1 t / sqrt(c).
    """
    lines, entries, size = rows.shape
    lower = cholesky(base, lower=True)
    inverse = solve_triangular(lower, np.eye(size, dtype=np.float32), lower=True)
    root = np.sqrt(confidences)
    spread = ((rows.reshape(-1, size) @ inverse.T).reshape(lines, entries, size)) * root[:, :, None]
    systems = spread @ spread.transpose(0, 2, 1)
    systems[:, np.arange(entries), np.arange(entries)] += 1.0
    found = np.linalg.solve(systems, (wants / root)[:, :, None])
    thin = (spread.transpose(0, 2, 1) @ found)[:, :, 0]
    return np.asarray(thin @ inverse, dtype=np.float32)
