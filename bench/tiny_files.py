"""Folders of many tiny tagged FLAC files, made in seconds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.running_mesh import run_ffmpeg

DISTINCT = 500
_RATE_HZ = 8_000
_SAMPLES = 800
_FILES_AN_ALBUM = 12
_ALBUMS_AN_ARTIST = 5
_MARKS = ("TTTTTTTTTTTT", "AAAAAAAAAAAA", "LLLLLLLLLLLL")


def make_tiny_files(folder: Path, count: int) -> None:
    """Writes ``count`` files with titles, artists and albums of their own.

    Their audio repeats after ``DISTINCT`` files; their bytes never do.
    """
    with tempfile.TemporaryDirectory() as draft:
        sounds = _sounds(Path(draft))
    for number in range(count):
        album = number // _FILES_AN_ALBUM
        names = (f"Track {number:06}", f"Band {album // _ALBUMS_AN_ARTIST:07}", f"Album {album:06}")
        content = sounds[number % len(sounds)]
        for mark, name in zip(_MARKS, names, strict=True):
            content = content.replace(mark.encode(), name.encode(), 1)
        place = folder / names[1] / names[2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{names[0]}.flac").write_bytes(content)


def _sounds(folder: Path) -> list[bytes]:
    seconds = _SAMPLES / _RATE_HZ
    noise = f"anoisesrc=color=pink:amplitude=0.5:r={_RATE_HZ}:d={DISTINCT * seconds}:seed=7"
    tags = [f"{key}={mark}" for key, mark in zip(("title", "artist", "album"), _MARKS, strict=True)]
    words = [word for tag in tags for word in ("-metadata", tag)]
    cut = ("-f", "segment", "-segment_time", str(seconds), "-frame_size", "200")
    run_ffmpeg("-f", "lavfi", "-i", noise, *words, "-c:a", "flac", *cut, f"{folder}/%06d.flac")
    return [_sized(file.read_bytes()) for file in sorted(folder.iterdir())[:DISTINCT]]


def _sized(content: bytes) -> bytes:
    """The file with its number of samples, which a stream's STREAMINFO leaves open."""
    known = int.from_bytes(content[18:26], "big") | _SAMPLES
    return content[:18] + known.to_bytes(8, "big") + content[26:]
