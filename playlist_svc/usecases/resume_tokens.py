"""Where a live view of a playlist goes on: a revision and a version of one playlist."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass

from meshkit.faults import InvalidArgument
from meshkit.ulids import to_raw

# Two letters of mark, so that the whole is a multiple of three bytes: no base64 padding.
_TOKEN = struct.Struct(">2s16sIQ")
_CHECK = struct.Struct(">I")
_MARK = b"w1"
_PAD = b"\0\0"


@dataclass(frozen=True, slots=True)
class WatchPosition:
    """What a watcher has seen of a playlist."""

    revision: int
    version: int


def encode(playlist_id: str, seen: WatchPosition) -> str:
    """The opaque, URL-safe form."""
    body = _TOKEN.pack(_MARK, to_raw(playlist_id), seen.revision, seen.version) + _PAD
    return base64.urlsafe_b64encode(body + _CHECK.pack(zlib.crc32(body))).decode()


def decode(playlist_id: str, token: str) -> WatchPosition:
    """What ``encode`` was given. InvalidArgument when damaged, or of another playlist."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        body, check = raw[: -_CHECK.size], raw[-_CHECK.size :]
        mark, playlist, revision, version = _TOKEN.unpack(body[: -len(_PAD)])
    except (ValueError, binascii.Error, struct.error):
        raise _damaged_token_error() from None
    if check != _CHECK.pack(zlib.crc32(body)) or mark != _MARK or playlist != to_raw(playlist_id):
        raise _damaged_token_error()
    return WatchPosition(revision, version)


def _damaged_token_error() -> InvalidArgument:
    return InvalidArgument.field("resume_token", "is not a token of this playlist")
