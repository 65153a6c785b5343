"""Factors are the least squares that they promise to be, whichever way they are solved."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from rec_svc.domain import fold_in
from rec_svc.domain.fold_in import Regularisation, gramian, solve_lines


def _expected(matrix: csr_matrix, others: np.ndarray, how: Regularisation) -> np.ndarray:
    """By the normal equations, a line at a time, in double precision."""
    others = others.astype(np.float64)
    found = []
    for line in range(matrix.shape[0]):
        values, rows = matrix[line].data, others[matrix[line].indices]
        ridge = how.of(len(values), len(others)) * np.eye(others.shape[1])
        system = how.negatives * others.T @ others + ridge
        system = system + rows.T @ np.diag(how.confidences(values)) @ rows
        found.append(np.linalg.solve(system, rows.T @ how.wants(values)))
    return np.array(found)


@pytest.mark.parametrize(
    "how",
    [
        Regularisation(0.01, 0.05),
        Regularisation(0.3, 0.1, exponent=0.5, alpha=3.0),
        Regularisation(5.0, 1.0, exponent=0.0, confidence_offset=-1.0),
        Regularisation(0.1, 1.0, want_offset=1.0),
    ],
    ids=["frequency", "weighted", "implicit", "spark"],
)
def test_lines_short_and_long_solve_the_normal_equations(how: Regularisation) -> None:
    rng = np.random.default_rng(3)
    chosen = rng.random((40, 60)) < np.linspace(0.02, 0.6, 40)[:, None]
    chosen[:, 0] = True
    matrix = csr_matrix(chosen.astype(np.float32))
    others = rng.standard_normal((60, 12)).astype(np.float32)
    found = solve_lines(matrix, others, gramian(others), how)
    assert found == pytest.approx(_expected(matrix, others, how), rel=2e-3, abs=2e-4)


def test_a_line_without_entries_has_no_factors() -> None:
    others = np.ones((3, 2), dtype=np.float32)
    found = solve_lines(csr_matrix((2, 3), dtype=np.float32), others, gramian(others), HOW)
    assert not found.any()


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    matrix = csr_matrix((rng.random((50, 30)) < 0.2).astype(np.float32))
    others = rng.standard_normal((30, 8)).astype(np.float32)
    whole = solve_lines(matrix, others, gramian(others), HOW)
    monkeypatch.setattr(fold_in, "BATCH_FLOATS", 1)
    assert solve_lines(matrix, others, gramian(others), HOW) == pytest.approx(whole, abs=1e-5)


HOW = Regularisation(0.01, 0.05)
