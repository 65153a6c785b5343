"""What clients measured, as Prometheus metrics."""

from __future__ import annotations

from typing import Any

from meshkit.telemetry import counter, gauge, histogram
from playback_svc.domain.beats import Measurements
from playback_svc.domain.plays import PlayRecord
from playback_svc.domain.rungs import NAMES

_LATENCY_BUCKETS_S = (0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)

_START_LATENCY = histogram(
    "playback_start_latency_seconds",
    "Time from the user's play to the first audible sample, by clients.",
    ["tier", "network"],
    _LATENCY_BUCKETS_S,
)
_FETCH = histogram(
    "playback_slowest_fetch_seconds",
    "The slowest segment fetch between two heartbeats, by clients.",
    buckets=_LATENCY_BUCKETS_S,
)
_UNDERRUNS = counter("playback_underruns", "Times that a buffer ran empty while playing.")
_SWITCHES = counter("playback_switches", "Changes of the rung.")
_ERRORS = counter("playback_fetch_errors", "Failed segment fetches, retried ones included.")
_RETRIES = counter("playback_fetch_retries", "Segment fetches that were tried again.")
_HEARD = counter("playback_rung_seconds", "Seconds heard of each rung.", ["rung"])
_HELD = gauge("playback_held_streams", "gRPC streams held by this instance.", ["kind"])
_BEGUN = counter("playback_streams_begun", "Sessions that told a first beat.", ["tier"])
_PLAYING = gauge(
    "playback_concurrent_streams",
    "Sessions that play now and whose beats come to this instance: add up the instances.",
)
_PLAYS = counter(
    "playback_plays",
    "Plays that were left, by whether they came from the device's own files.",
    ["offline"],
)
_PLAYS_OF = {offline: _PLAYS.labels(str(offline).lower()) for offline in (False, True)}
_UNATTRIBUTED = counter(
    "playback_unattributed_bytes", "Delivered bytes whose session nobody knows."
)


def entered(play: PlayRecord) -> None:
    """Counts a play that was left."""
    _PLAYS_OF[play.offline].inc()


class PrometheusMetrics:
    """``Metrics`` with bounded labels."""

    def __init__(self) -> None:
        self._heard: dict[str, Any] = {name: _HEARD.labels(name) for name in NAMES}

    def count_heard(self, rung: str, seconds: float) -> None:
        self._heard[rung].inc(seconds)

    def observe(self, tier: str, measurements: Measurements) -> None:
        if measurements.underruns:
            _UNDERRUNS.inc(measurements.underruns)
        if measurements.switches:
            _SWITCHES.inc(measurements.switches)
        if measurements.fetch_errors:
            _ERRORS.inc(measurements.fetch_errors)
        if measurements.fetch_retries:
            _RETRIES.inc(measurements.fetch_retries)
        if measurements.start_latency_ms:
            seconds = measurements.start_latency_ms / 1000
            _START_LATENCY.labels(tier, measurements.network).observe(seconds)
        if measurements.slowest_fetch_ms:
            _FETCH.observe(measurements.slowest_fetch_ms / 1000)

    def count_streams(self, kind: str, difference: int) -> None:
        _HELD.labels(kind).inc(difference)

    def count_session(self, tier: str) -> None:
        _BEGUN.labels(tier).inc()

    def set_playing(self, sessions: int) -> None:
        _PLAYING.set(sessions)

    def count_unattributed(self, count: int) -> None:
        _UNATTRIBUTED.inc(count)
