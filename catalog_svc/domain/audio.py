"""What is known of a file's audio, which rungs it gets, and when it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_svc.domain.asset import FLAC
from catalog_svc.domain.catalogue import Loudness
from catalog_svc.domain.tags import Tags

MAX_DURATION_S = 24 * 3600
"""Longer audio is refused: one descriptor would outgrow a message."""

_TOLERANCE_S = 0.1
_EXACT_TOLERANCE_S = 0.0005
_AAC_KBPS = (128, 192, 256, 320)
_FIRST_KBPS = (128, 320)


class AudioRefused(Exception):
    """The file can never become a track as it is; the words are for people."""

    @property
    def reason(self) -> str:
        """Why, for people."""
        return str(self)


class SourceGone(Exception):
    """The file vanished, changed or became unreadable while it was worked on."""

    @property
    def reason(self) -> str:
        """Why, for people."""
        return str(self)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """The first audio stream by ffprobe's truth.

    ``claimed_s`` is the length that the container claims, None where it makes no claim worth
    the name; ``exact`` says that the claim is to the sample. ``ends_padded`` says that decoding
    gives whole frames, beyond the end that is claimed.
    """

    codec: str
    sample_rate_hz: int
    channels: int
    bits: int
    lossless: bool
    claimed_s: float | None
    exact: bool
    ends_padded: bool
    cover_stream: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """ffprobe's truth about a file: the stream, and its tags."""

    facts: StreamFacts
    tags: Tags


@dataclass(frozen=True, slots=True)
class Target:
    """The grid that every rung of a track shares, and what its FLAC rung keeps."""

    sample_rate_hz: int
    channels: int
    bits: int


@dataclass(frozen=True, slots=True)
class RungPlan:
    """A rung to encode: its name, codec (``aac`` or ``flac``) and nominal rate, 0 for FLAC."""

    name: str
    codec: str
    kbps: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one decoding pass saw: samples on the target's grid, and loudness where measured."""

    num_samples: int
    loudness: Loudness | None


def target_of(facts: StreamFacts) -> Target:
    """44.1 or 48 kHz, whichever the source divides into; mono or stereo; 16 or 24 bits."""
    rate = 44_100 if facts.sample_rate_hz % 11_025 == 0 else 48_000
    return Target(rate, min(facts.channels, 2), 24 if facts.bits > 16 else 16)


def stage_rungs(stage: int, *, lossless: bool) -> tuple[RungPlan, ...]:
    """Stage 1: one low and one high rung, so that it plays. Stage 2: the rest."""
    first = stage == 1
    plans = [
        RungPlan(str(kbps), "aac", kbps) for kbps in _AAC_KBPS if (kbps in _FIRST_KBPS) == first
    ]
    if lossless and not first:
        plans.append(RungPlan(FLAC, FLAC, 0))
    return tuple(plans)


def require_encodable(facts: StreamFacts) -> None:
    """Refuse audio outside what can be delivered; raises ``AudioRefused``."""
    if not 4_000 <= facts.sample_rate_hz <= 768_000:
        raise AudioRefused(f"a sample rate of {facts.sample_rate_hz} Hz is not supported")
    if not 1 <= facts.channels <= 8:
        raise AudioRefused(f"{facts.channels} channels are not supported")
    if facts.claimed_s is not None and facts.claimed_s > MAX_DURATION_S:
        raise AudioRefused("it is longer than 24 hours")


def require_whole(decoded_s: float, facts: StreamFacts) -> None:
    """Refuse audio shorter than its container claims: a hole, a cut, or a lie."""
    if decoded_s <= 0:
        raise AudioRefused("it holds no audio")
    if facts.claimed_s is None:
        return
    tolerance_s = _EXACT_TOLERANCE_S if facts.exact else _TOLERANCE_S
    if decoded_s < facts.claimed_s - tolerance_s:
        raise AudioRefused(
            f"only {decoded_s:.1f} s of the {facts.claimed_s:.1f} s that it claims can be decoded"
        )
