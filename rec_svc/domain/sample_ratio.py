"""Whether as many users were seen in each arm as the weights say.

Where they were not, something takes users out of an arm before they are counted, and no other
figure of the experiment means anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc

MISMATCH_P = 0.001
"""Below this probability an experiment is invalid: chance alone says so once in a thousand."""


def sample_ratio_p(observed: Sequence[int], weights: Sequence[int]) -> float:
    """The probability that chance alone strays so far from ``weights``, by Pearson's chi-square.

    ``observed`` are the users of each arm, ``weights`` what their numbers should be
    proportional to, all above 0. 1 where nobody was seen yet.
    """
    total, whole = sum(observed), sum(weights)
    if total == 0:
        return 1.0
    expected = np.array([total * weight / whole for weight in weights])
    strays = ((np.array(observed) - expected) ** 2 / expected).sum()
    return float(chdtrc(len(weights) - 1, strays))
