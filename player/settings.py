"""How the player behaves; every value has a default that suits music."""

from __future__ import annotations

from dataclasses import dataclass, field

from player.domain.playlist import Quality


@dataclass(frozen=True, slots=True)
class PlayerSettings:
    """Times are seconds of the player's clock.

    startup_s            audio to have before the first sound: a 2 s fragment less its priming
    prefill_s            decoded audio to hand to the sink at once when the sound starts
    rebuffer_s           audio to have again after it ran out
    min_segments         segments of buffer from which the highest rung may be held by buffer alone
    max_segments         segments of buffer at which fetching waits
    heartbeat_s          between two heartbeats
    network_patience_s   how long an empty buffer waits for a network that is down
    max_refreshes        renewals of the stream address in a row without a piece in between
    quality              which rungs may be chosen
    """

    startup_s: float = 1.8
    prefill_s: float = 0.2
    rebuffer_s: float = 4.0
    min_segments: int = 3
    max_segments: int = 50
    heartbeat_s: float = 10.0
    network_patience_s: float = 20.0
    max_refreshes: int = 2
    quality: Quality = field(default_factory=Quality)

    def __post_init__(self) -> None:
        if not 1 <= self.min_segments <= self.max_segments:
            raise ValueError("min_segments must be at least 1 and at most max_segments")
        if self.startup_s <= 0 or self.rebuffer_s <= 0 or self.heartbeat_s <= 0:
            raise ValueError("startup_s, rebuffer_s and heartbeat_s must be above 0")
