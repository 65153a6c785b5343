"""How fast the link is: two exponentially weighted averages of request throughput.

The fast one follows a drop within seconds, the slow one ignores a single lucky request; the lower
of both is believed (Spiteri et al., "From theory to practice", MMSys 2018; dash.js and Shaka Player
do the same).
"""

from __future__ import annotations

MIN_SAMPLE_BYTES = 16_000


class _Average:
    """A time-weighted average that starts unbiased: early samples count in full."""

    def __init__(self, half_life_s: float) -> None:
        self._alpha = 0.5 ** (1 / half_life_s)
        self._weighted = 0.0
        self._weight_s = 0.0

    def add(self, value: float, weight_s: float) -> None:
        kept = self._alpha**weight_s
        self._weighted = value * (1 - kept) + kept * self._weighted
        self._weight_s += weight_s

    @property
    def value(self) -> float:
        return float(self._weighted / (1 - self._alpha**self._weight_s))


class ThroughputMeter:
    """Throughput in kbit/s from finished requests."""

    def __init__(self, fast_half_life_s: float = 3.0, slow_half_life_s: float = 8.0) -> None:
        self._fast = _Average(fast_half_life_s)
        self._slow = _Average(slow_half_life_s)
        self._samples: list[float] = []

    def add(self, size_bytes: int, took_s: float) -> None:
        """Count one request. Small ones measure latency, not the link, and are left out."""
        if size_bytes < MIN_SAMPLE_BYTES or took_s <= 0:
            return
        kbps = size_bytes * 8 / 1000 / took_s
        self._fast.add(kbps, took_s)
        self._slow.add(kbps, took_s)
        self._samples = [*self._samples[-1:], kbps]

    @property
    def kbps(self) -> float | None:
        """The estimate, or None before the first sample."""
        return min(self._fast.value, self._slow.value) if self._samples else None

    @property
    def last_kbps(self) -> float | None:
        """The last request alone."""
        return self._samples[-1] if self._samples else None

    @property
    def previous_kbps(self) -> float | None:
        """The request before the last one."""
        return self._samples[-2] if len(self._samples) > 1 else None
