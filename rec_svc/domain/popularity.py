"""What is popular: the baseline that every model has to beat."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import listeners


def popularity(train: csr_matrix) -> Floats:
    """The share of listeners that each track has, 0 to 1."""
    return np.asarray(listeners(train) / max(train.shape[0], 1), dtype=np.float32)
