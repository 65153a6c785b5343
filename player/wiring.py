"""Puts a player together: the only place of the player that names adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import stamina

from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock
from player.adapters.ffmpeg_decoder import FfmpegDecoder, find_ffmpeg
from player.adapters.hls import HlsReader
from player.adapters.http_fetcher import HttpFetcher
from player.adapters.retrying import RetryingFetcher
from player.adapters.shared_sink import SharedSink
from player.adapters.sound_sink import open_sink
from player.adapters.throttle import RateSchedule, ThrottledFetcher
from player.deck import Deck
from player.domain.adaptation import BriefPolicy, DynamicPolicy
from player.engine import Player
from player.ports import (
    AdaptationPolicy,
    Clock,
    Decoder,
    Fetcher,
    HeartbeatReporter,
    RefreshStream,
    Sink,
)
from player.settings import PlayerSettings

POLICIES = ("dynamic", "brief")
_SINK_QUEUE_S = 0.5


@dataclass(frozen=True, slots=True)
class PlayerOptions:
    """What a person chooses.

    sink      "auto" (sound, else silence in real time), "sound" or "null"
    speed     1.0: real time; above, playback is silent and runs that many times faster
    link      a simulated link as ((seconds, kbit/s), …) in the player's time; empty: the real one
    latency_s waited before each answer on the simulated link
    policy    "dynamic" or "brief"
    """

    sink: str = "auto"
    speed: float = 1.0
    link: Sequence[tuple[float, float]] = ()
    latency_s: float = 0.0
    policy: str = "dynamic"
    settings: PlayerSettings = field(default_factory=PlayerSettings)


def make_policy(name: str, settings: PlayerSettings, segment_s: float = 10.0) -> AdaptationPolicy:
    """A policy by name. Raises ValueError for another name than those in POLICIES."""
    if name == "dynamic":
        return DynamicPolicy(high_s=max(20.0, settings.min_segments * segment_s))
    if name == "brief":
        return BriefPolicy()
    raise ValueError(f"no policy {name!r}; there are {', '.join(POLICIES)}")


@asynccontextmanager
async def open_deck(options: PlayerOptions | None = None) -> AsyncIterator[Deck]:
    """A deck that plays one track after the other; lets go of everything at the end.

    Raises ValueError for an option that makes no sense, SinkFailed for ``sound`` without a device,
    DecoderMissing without ffmpeg.
    """
    # Retries go to the log like everything else, not to the screen.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])
    options = options or PlayerOptions()
    make_policy(options.policy, options.settings)
    clock = ScaledClock(options.speed)
    ffmpeg = find_ffmpeg()

    async def decoder() -> Decoder:
        return await FfmpegDecoder.start(ffmpeg)

    sink = await _make_sink(options, clock)
    shared = SharedSink(sink, clock)
    fetcher = _make_fetcher(options, clock)

    def make(refresh: RefreshStream | None, reporter: HeartbeatReporter | None) -> Player:
        return Player(
            fetcher=fetcher,
            reader=HlsReader(),
            decoders=decoder,
            sink=shared.track(),
            clock=clock,
            policy=make_policy(options.policy, options.settings),
            settings=_scaled(options.settings, options.speed),
            refresh_stream=refresh,
            reporter=reporter,
        )

    try:
        yield Deck(sink, make, options.speed)
    finally:
        await sink.close()
        await fetcher.close()


@asynccontextmanager
async def open_player(
    options: PlayerOptions | None = None,
    *,
    refresh_stream: RefreshStream | None = None,
    reporter: HeartbeatReporter | None = None,
) -> AsyncIterator[Player]:
    """A player of one track on a deck of its own, ready for ``play``; raises as open_deck does."""
    async with open_deck(options) as deck, deck.player(refresh_stream, reporter) as player:
        yield player


def _scaled(settings: PlayerSettings, speed: float) -> PlayerSettings:
    """Fast clocks need a longer head start, or the computer's hiccups would count as underruns."""
    prefill_s = min(settings.prefill_s * max(1.0, speed), settings.startup_s * 0.8)
    return replace(settings, prefill_s=prefill_s)


def _make_fetcher(options: PlayerOptions, clock: Clock) -> Fetcher:
    fetcher: Fetcher = HttpFetcher()
    if options.link or options.latency_s:
        schedule = RateSchedule(options.link or ((1.0, 1e6),))
        fetcher = ThrottledFetcher(fetcher, schedule, clock, latency_s=options.latency_s)
    return RetryingFetcher(fetcher)


async def _make_sink(options: PlayerOptions, clock: Clock) -> Sink:
    if options.speed == 1.0:
        return await open_sink(options.sink, clock)
    if options.sink == "sound":
        raise ValueError("a sound device plays in real time only; leave out the speed")
    return ClockSink(
        clock, queue_s=_SINK_QUEUE_S * max(1.0, options.speed), why=f"{options.speed:g} x real time"
    )
