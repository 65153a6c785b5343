"""Which rung to fetch next: what a policy is told, and the policies.

``dynamic``  a throughput rule while the buffer is short, BOLA once it is comfortable, after
             Spiteri, Sitaraman, Sparacio: "From Theory to Practice: Improving Bitrate Adaptation
             in the DASH Reference Player" (MMSys 2018), and Spiteri, Urgaonkar, Sitaraman:
             "BOLA: Near-Optimal Bitrate Adaptation for Online Videos" (INFOCOM 2016).
``brief``    fixed thresholds on the last request's speed; kept to compare with.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from player.domain.playlist import Ladder, Rung


@dataclass(frozen=True, slots=True)
class AdaptationContext:
    """What is known when the next piece is about to be asked for.

    ``throughput_kbps`` is the estimate, ``last_kbps`` and ``previous_kbps`` are single requests;
    each is None until it is known. ``starved`` says that the audio has just run out.
    """

    ladder: Ladder
    current: Rung | None
    buffer_s: float
    piece_s: float
    throughput_kbps: float | None = None
    last_kbps: float | None = None
    previous_kbps: float | None = None
    starved: bool = False

    @property
    def current_index(self) -> int:
        """Where the current rung stands in the ladder (0 when it is not there)."""
        rungs = self.ladder.rungs
        return rungs.index(self.current) if self.current in rungs else 0


class Bola:
    """BOLA-BASIC with logarithmic utilities.

    A rung of bitrate r and utility v = ln(r / lowest) scores (V * (v + gp) - buffer) / r; the
    highest score wins. V and gp are solved so that the lowest rung gives way at ``low_s`` seconds
    of buffer and the highest is taken from ``high_s`` on, whatever the ladder.
    """

    def __init__(self, kbps: Sequence[int], low_s: float, high_s: float) -> None:
        self._kbps = [float(k) for k in kbps]
        self._utility = [math.log(k / self._kbps[0]) for k in self._kbps]
        turns = [self._turn(i) for i in range(len(self._kbps) - 1)]
        spread = turns[-1] - turns[0] if turns else 0.0
        if spread > 1e-9:
            self._v = (high_s - low_s) / spread
            self._gp = low_s / self._v - turns[0]
        else:
            self._v = 1.0
            self._gp = (low_s + high_s) / 2 - (turns[0] if turns else 0.0)

    def _turn(self, low: int) -> float:
        """Where the scores of two neighbours are equal, as buffer / V - gp."""
        ra, rb = self._kbps[low], self._kbps[low + 1]
        va, vb = self._utility[low], self._utility[low + 1]
        return (va * rb - vb * ra) / (rb - ra)

    def choose(self, buffer_s: float) -> int:
        """The index of the rung with the highest score at this buffer."""
        scores = [
            (self._v * (utility + self._gp) - buffer_s) / kbps
            for utility, kbps in zip(self._utility, self._kbps, strict=True)
        ]
        return max(range(len(scores)), key=lambda i: (scores[i], i))


def highest_within(ladder: Ladder, kbps: float) -> int:
    """The index of the highest rung of at most ``kbps``; 0 when there is none."""
    return max((i for i, rung in enumerate(ladder.rungs) if rung.kbps <= kbps), default=0)


class DynamicPolicy:
    """Throughput while the buffer is under ``switch_s``, then BOLA; the default.

    BOLA may not climb past what the link sustains (BOLA-O), so that it does not swing between two
    rungs; a buffer that one slow piece could empty allows only what arrives well within it.
    """

    name = "dynamic"
    safety = 0.9
    scarce_safety = 0.7

    def __init__(self, low_s: float = 10.0, high_s: float = 30.0, switch_s: float = 12.0) -> None:
        self._low_s = low_s
        self._high_s = high_s
        self._switch_s = switch_s
        self._trusts_buffer = False
        self._bola: tuple[Ladder, Bola] | None = None

    def choose(self, context: AdaptationContext) -> Rung:
        """The rung for the next piece."""
        rungs = context.ladder.rungs
        if context.throughput_kbps is None or context.starved:
            return rungs[0 if context.starved else context.current_index]
        sustainable = highest_within(context.ladder, context.throughput_kbps * self.safety)
        by_buffer = self._buffer_choice(context, sustainable)
        self._trusts_buffer = self._trust(context.buffer_s, by_buffer, sustainable)
        index = by_buffer if self._trusts_buffer else sustainable
        return rungs[min(index, self._affordable(context, context.throughput_kbps))]

    def _buffer_choice(self, context: AdaptationContext, sustainable: int) -> int:
        if self._bola is None or self._bola[0] != context.ladder:
            kbps = [rung.kbps for rung in context.ladder.rungs]
            self._bola = (context.ladder, Bola(kbps, self._low_s, self._high_s))
        wanted = self._bola[1].choose(context.buffer_s)
        return min(wanted, max(sustainable, context.current_index))

    def _trust(self, buffer_s: float, by_buffer: int, sustainable: int) -> bool:
        if self._trusts_buffer:
            return buffer_s >= self._switch_s or by_buffer >= sustainable
        return buffer_s >= self._switch_s and by_buffer >= sustainable

    def _affordable(self, context: AdaptationContext, throughput_kbps: float) -> int:
        if context.buffer_s >= 2 * context.piece_s:
            return len(context.ladder.rungs) - 1
        share = context.buffer_s / context.piece_s
        return highest_within(context.ladder, throughput_kbps * share * self.scarce_safety)


class BriefPolicy:
    """Fixed thresholds on 0.8 x the speed of the last request.

    Above 256 kbit/s it wants 320, above 192 it wants 256, above 128 it wants 192, else 128. It
    goes up only when the speed grew by a fifth and more than 30 s are buffered, down only when the
    speed fell by a fifth or less than 10 s are buffered. On a steady link it never goes up.
    ``probe_kbps`` is the speed of a probe made before playing, when there was one.
    """

    name = "brief"
    safety = 0.8

    def __init__(self, probe_kbps: float | None = None) -> None:
        self._probe_kbps = probe_kbps

    def choose(self, context: AdaptationContext) -> Rung:
        """The rung for the next piece."""
        rungs = context.ladder.rungs
        if context.current is None:
            return rungs[self._wanted(context.ladder, self._probe_kbps or 0.0)]
        if context.last_kbps is None:
            return rungs[context.current_index]
        now, wanted = context.current_index, self._wanted(context.ladder, context.last_kbps)
        previous = context.previous_kbps or context.last_kbps
        may_rise = context.last_kbps > 1.2 * previous and context.buffer_s > 30
        may_fall = context.last_kbps < 0.8 * previous or context.buffer_s < 10
        allowed = (wanted > now and may_rise) or (wanted < now and may_fall)
        return rungs[wanted if allowed else now]

    def _wanted(self, ladder: Ladder, speed_kbps: float) -> int:
        """Each rung but the lowest asks for more than the bitrate of the rung below it."""
        steps = itertools.pairwise(rung.kbps for rung in ladder.rungs)
        return sum(1 for below, _ in steps if speed_kbps * self.safety > below)
