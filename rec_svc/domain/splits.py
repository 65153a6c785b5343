"""What is learned from and what is kept back to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from rec_svc.domain.interactions import Heard, Interactions, interactions, ones_where_positive

WEEK_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Split:
    """What to learn from, and by the same lines and columns what was heard beyond it.

    No pair of ``test`` is in ``train``.
    """

    train: Interactions
    test: csr_matrix


def holdout(whole: Interactions, share: float, seed: int) -> Split:
    """Takes ``share`` of each listener's tracks away at random, rounded, at least one is left.

    The same for the same seed. For data without times; it knows of each listener's future what a
    real recommender cannot.
    """
    matrix, rng = whole.matrix, np.random.default_rng(seed)
    taken = np.zeros(matrix.nnz, dtype=bool)
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        count = min(round(share * (end - start)), end - start - 1)
        taken[start + rng.permutation(end - start)[: max(count, 0)]] = True
    return Split(whole.with_matrix(_only(matrix, ~taken)), _only(matrix, taken))


def temporal(heard: Heard, cut_ms: int, until_ms: int | None = None) -> Split:
    """What was heard before ``cut_ms`` (Unix time), and what from then on, ``until_ms`` apart.

    One cut for all, as it is in life. Tracks that nobody had heard by then are left out of both,
    and so are listeners who were new then.
    """
    before = heard.where(heard.at_ms < cut_ms)
    train = interactions(before)
    after = heard.at_ms >= cut_ms
    if until_ms is not None:
        after &= heard.at_ms < until_ms
    return Split(train, heard_beyond(train, heard.where(after)))


def heard_beyond(train: Interactions, later: Heard) -> csr_matrix:
    """What the listeners of ``train`` took to ``later`` that they had not before, in its form."""
    return ones_where_positive(csr_matrix(in_form_of(train, later) - train.matrix))


def first_heard_since(split: Split, heard: Heard, since_ms: int) -> csr_matrix:
    """What of the test nobody had taken to before ``since_ms`` (Unix time), in its form."""
    before = in_form_of(split.train, heard.where(heard.at_ms < since_ms))
    return ones_where_positive(csr_matrix(split.test - before))


def in_form_of(train: Interactions, heard: Heard) -> csr_matrix:
    """1 where a listener of ``train`` took to a track of it, in its lines and columns."""
    found = interactions(heard, train.tracks)
    lines = {user: line for line, user in enumerate(train.users)}
    entries = found.matrix.tocoo()
    at = np.array([lines.get(user, -1) for user in found.users], dtype=np.int64)[entries.row]
    known = at >= 0
    ones = np.ones(int(known.sum()), dtype=np.float32)
    return csr_matrix((ones, (at[known], entries.col[known])), shape=train.matrix.shape)


def _only(matrix: csr_matrix, chosen: np.ndarray) -> csr_matrix:
    lines = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    values = (matrix.data[chosen], (lines[chosen], matrix.indices[chosen]))
    made = csr_matrix(values, shape=matrix.shape)
    made.sort_indices()
    return made
