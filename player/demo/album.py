"""Synthesises an album: dense audio, real tags, a cover, several artists and formats.

Dense on purpose: an AAC encoder spends far less than asked on plain tones, and the rungs of a
ladder made of such audio would hardly differ.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ALBUM = "Proof of Life"
YEAR = "2026"
BROKEN_FILE = "99 Cut Short On Purpose.flac"
_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Song:
    """One track to make: its tags, its container and the shape of its sound."""

    number: int
    title: str
    artist: str
    genre: str
    suffix: str
    seconds: int
    root_hz: float
    beat_hz: float

    @property
    def file_name(self) -> str:
        """Such as ``01 Harbour Lights.flac``."""
        return f"{self.number:02} {self.title}.{self.suffix}"


SONGS: Sequence[Song] = (
    Song(1, "Harbour Lights", "Ada Meridian", "Ambient", "flac", 75, 110.0, 1.6),
    Song(2, "Copper Rain", "Ada Meridian", "Ambient", "flac", 40, 130.81, 2.0),
    Song(3, "Nocturne for Relays", "The Quiet Switches", "Electronic", "mp3", 40, 146.83, 2.2),
    Song(4, "Überfahrt", "The Quiet Switches", "Electronic", "m4a", 40, 98.0, 1.8),
    Song(5, "Saltwater Telegraph", "Ilse Fontaine", "Post-Rock", "ogg", 40, 123.47, 2.4),
    Song(6, "Second Derivative", "Ilse Fontaine", "Post-Rock", "opus", 40, 164.81, 2.6),
    Song(7, "Long Exposure", "Marlow & Finch", "Folk", "wav", 20, 87.31, 1.4),
)

_ENCODERS = {
    "flac": ("-c:a", "flac"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "320k"),
    "m4a": ("-c:a", "aac", "-b:a", "256k"),
    "ogg": ("-c:a", "vorbis", "-strict", "experimental", "-b:a", "192k"),
    "opus": ("-c:a", "libopus", "-b:a", "192k"),
    "wav": ("-c:a", "pcm_s16le"),
}
_TAKES_COVER = ("flac", "mp3", "m4a")


class SynthesisFailed(Exception):
    """ffmpeg could not make a file of the album; the text is its last words."""


def make_album(folder: Path, ffmpeg: Path, on_song: Callable[[Song], None]) -> Path:
    """Writes the album below ``folder`` and returns its own folder; what is there is kept.

    One more file is cut short on purpose, so that an import shows how it refuses one.
    """
    album = folder / ALBUM
    album.mkdir(parents=True, exist_ok=True)
    cover = album / "cover.jpg"
    if not cover.exists():
        _run(ffmpeg, cover, *_cover_source())
    for song in SONGS:
        on_song(song)
        if not (album / song.file_name).exists():
            _run(ffmpeg, album / song.file_name, *_song_source(song, cover))
    intact = (album / SONGS[0].file_name).read_bytes()
    (album / BROKEN_FILE).write_bytes(intact[: len(intact) // 3])
    return album


def _cover_source() -> Sequence[str]:
    picture = "mandelbrot=size=600x600:rate=1:start_scale=0.6:end_pts=1"
    return ("-f", "lavfi", "-i", picture, "-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p")


def _song_source(song: Song, cover: Path) -> Sequence[str]:
    inputs: list[str] = ["-f", "lavfi", "-i", _sound(song)]
    mapping = ["-map", "0:a"]
    if song.suffix in _TAKES_COVER:
        inputs += ["-i", str(cover)]
        mapping += ["-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"]
    tags = {
        "title": song.title,
        "artist": song.artist,
        "album_artist": "Various Artists",
        "album": ALBUM,
        "genre": song.genre,
        "date": YEAR,
        "track": f"{song.number}/{len(SONGS)}",
    }
    metadata = [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]
    length = ("-t", str(song.seconds), "-ar", "48000" if song.suffix == "opus" else "44100")
    return (*inputs, *mapping, *metadata, *length, "-ac", "2", *_ENCODERS[song.suffix])


def _sound(song: Song) -> str:
    """A filter graph: a saw-tooth chord that moves, over pulsing pink noise, wide in stereo."""
    left, right = (_chord(song.root_hz * detune) for detune in (1.0, 1.0043))
    voice = f"aevalsrc='{left}|{right}':s=44100:d={song.seconds}"
    noise = f"anoisesrc=color=pink:amplitude=0.5:r=44100:d={song.seconds}:seed={song.number}"
    return (
        f"{voice},flanger=depth=6:speed=0.2[voice];"
        f"{noise},tremolo=f={song.beat_hz}:d=0.9,aformat=channel_layouts=stereo[drum];"
        "[voice][drum]amix=inputs=2:normalize=0,volume=0.8,alimiter=limit=0.9"
    )


def _chord(root_hz: float) -> str:
    """A minor seventh of saw-tooth waves as an expression of t."""
    ratios = (1.0, 1.1892, 1.4983, 1.7818)
    return "+".join(f"0.16*(mod(t*{root_hz * ratio:.3f},1)-0.5)" for ratio in ratios)


def _run(ffmpeg: Path, target: Path, *words: str) -> None:
    draft = target.with_name(f".draft-{target.name}")
    command = (str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *words)
    try:
        subprocess.run((*command, str(draft)), check=True, capture_output=True, timeout=_TIMEOUT_S)
    except subprocess.CalledProcessError as error:
        words_of_ffmpeg = error.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise SynthesisFailed(f"{target.name}: {' '.join(words_of_ffmpeg)}") from error
    draft.replace(target)
