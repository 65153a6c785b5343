"""What a player is doing, as one immutable snapshot."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class PlaybackState(enum.Enum):
    """Where playback stands. BUFFERING is a wait that the listener hears as silence."""

    IDLE = "IDLE"
    STARTING = "STARTING"
    PLAYING = "PLAYING"
    BUFFERING = "BUFFERING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"

    @property
    def final(self) -> bool:
        """Whether nothing more will be played."""
        return self in (PlaybackState.ENDED, PlaybackState.STOPPED, PlaybackState.FAILED)


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """One moment of playback. Times run on the player's clock (see ``Clock``).

    rung, rung_kbps,     the rung heard now: its name ("" in a stream from elsewhere), its rate, its
    codec                codec ("", 0 and "" before the first audio)
    buffer_s             audio fetched ahead of the position
    throughput_kbps      the link's estimate; None before the first segment
    position_ms          what the listener hears now
    underruns            times the audio ran out while playing
    switches             rung changes in what was handed to the sink
    rung_seconds         seconds of audio handed to the sink, by kbit/s
    start_latency_ms     from the request to play to the first audio at the sink
    bytes_fetched        segment and initialisation bytes received
    fetch_p95_ms         95th percentile of segment fetch times
    refreshes            times the stream address had to be renewed
    """

    state: PlaybackState = PlaybackState.IDLE
    rung: str = ""
    rung_kbps: int = 0
    codec: str = ""
    buffer_s: float = 0.0
    throughput_kbps: float | None = None
    position_ms: int = 0
    duration_ms: int = 0
    underruns: int = 0
    switches: int = 0
    rung_seconds: Mapping[int, float] = field(default_factory=dict)
    start_latency_ms: int | None = None
    bytes_fetched: int = 0
    fetch_p95_ms: int | None = None
    refreshes: int = 0


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile (``share`` in 0 to 1); None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
