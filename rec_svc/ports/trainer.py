"""What fits one kind of scorer to what was heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from scipy.sparse import csr_matrix

from rec_svc.domain.interactions import Size
from rec_svc.domain.scorers import Scorer
from rec_svc.domain.search import Point, Range

Progress = Callable[[float], None]
"""Is told the share of a fit that is done; what it raises ends the fit."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Where a search for parameters begins, and where it may look; an empty space has no search."""

    start: Point
    space: Mapping[str, Range] = field(default_factory=dict)


class Trainer(Protocol):
    """Fits scorers. It computes in the thread that calls it."""

    @property
    def tuning(self) -> Tuning:
        """Its parameters, whose names a point must have."""
        ...

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        """The scorer [tracks of ``train``], the same for the same arguments.

        Must keep nothing of a listener, and score histories of people it never saw.
        """
        ...

    def fit_bytes(self, size: Size) -> int:
        """What a fit takes at its peak, the scorer in it, beyond what holds the pairs."""
        ...

    def kept_bytes(self, size: Size) -> int:
        """What the scorer takes at most."""
        ...
