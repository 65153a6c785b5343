"""Containers by their own bytes: what a file is, and whether it ends before it should.

FFmpeg plays a cut Ogg or WAV to where it ends and is content; the container itself tells.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

HEAD_BYTES = 64
_TAIL_BYTES = 128 * 1024
_OGG_END_OF_STREAM = 0x04
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36, 0x7FFFFFFF - 36)

AUDIO_EXTENSIONS = frozenset(
    b".flac .mp3 .mp2 .m4a .m4b .mp4 .aac .ogg .oga .opus .wav .wave .aif .aiff .aifc .wma .ape "
    b".wv .mka .tta .dsf .caf .alac .au .spx".split()
)
"""Names that claim to be audio: what turns out not to be is reported, not passed over."""

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MAGIC = (
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"OggS"),
    (8, b"WAVE"),
    (8, b"AIFF"),
    (8, b"AIFC"),
    (0, b"MAC "),
    (0, b"wvpk"),
    (0, _ASF),
    (0, b"caff"),
    (0, b"DSD "),
    (0, b"TTA1"),
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")


def claims_audio(path: bytes) -> bool:
    """Whether the file's extension is one of audio."""
    return os.path.splitext(path)[1].lower() in AUDIO_EXTENSIONS


def looks_like_audio(head: bytes) -> bool:
    """Whether the first ``HEAD_BYTES`` of a file are those of an audio container."""
    if any(head[at : at + len(magic)] == magic for at, magic in _MAGIC):
        return True
    return head[4:8] == b"ftyp" and head[8:12] in _AUDIO_BRANDS


def cut_short(file: BinaryIO) -> str:
    """Why the container itself says that the file ends too early; empty when it does not."""
    head = file.read(HEAD_BYTES)
    size = file.seek(0, os.SEEK_END)
    if head.startswith(b"OggS"):
        file.seek(max(0, size - _TAIL_BYTES))
        return _ogg_cut_short(file.read(_TAIL_BYTES))
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wave_cut_short(file, size)
    return ""


def _ogg_cut_short(tail: bytes) -> str:
    at = tail.rfind(b"OggS")
    page = tail[at:] if at >= 0 else b""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return "its last page is cut"
    if len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return "its last page is cut"
    if not page[5] & _OGG_END_OF_STREAM:
        return "it ends before its stream does"
    return ""


def _wave_cut_short(file: BinaryIO, size: int) -> str:
    at = 12
    while at + 8 <= size:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"data":
            missing = at + 8 + length - size
            if length in _UNKNOWN_SIZES or missing <= 0:
                return ""
            return f"{missing} of {length} bytes of audio are missing"
        at += 8 + length + (length & 1)
    return "it has no audio data"
