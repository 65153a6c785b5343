"""The fast first pass over a file's tags, by tinytag, bounded in bytes and time."""

from __future__ import annotations

import io
import time

from tinytag import TinyTag, TinyTagException

from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.domain.containers import HEAD_BYTES, looks_like_audio
from catalog_svc.domain.tags import Tags, make_tags

_MAX_READ = 16 * 1024 * 1024
_MAX_SECONDS = 0.5
_MPEG_SYNC = 0xFFE0


class _Exhausted(Exception):
    """The file made its reader do too much."""


class _BoundedFile(io.BufferedReader):
    """A file that gives up after so many bytes or so long: a tag may claim any size."""

    def __init__(self, opened: int) -> None:
        super().__init__(io.FileIO(opened))
        self._left = _MAX_READ
        self._until = time.monotonic() + _MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        """Like any file's, within the bounds."""
        wanted = self._left + 1 if size is None or size < 0 else size
        if wanted > self._left or time.monotonic() > self._until:
            raise _Exhausted
        found = super().read(wanted)
        self._left -= len(found)
        return found


class FastTags:
    """``TagReader``. What tinytag believes is checked later by a full decode."""

    def __init__(self, allowed: AllowedFolders) -> None:
        self._allowed = allowed

    def read(self, path: bytes) -> Tags | None:
        with _BoundedFile(self._allowed.open_file(path)) as raw:
            head = raw.read(HEAD_BYTES)
            if not looks_like_audio(head) and not _starts_mpeg(head):
                return None
            raw.seek(0)
            try:
                found = TinyTag.get(file_obj=raw)
            except (TinyTagException, _Exhausted):
                return None
        if not found.duration or found.duration <= 0:
            return None
        return make_tags(
            title=found.title,
            artist=found.artist,
            album=found.album,
            album_artist=found.albumartist,
            disc=found.disc,
            number=found.track,
            year=found.year,
            genres=[found.genre or "", *found.other.get("genre", [])],
            duration_s=found.duration,
        )


def _starts_mpeg(head: bytes) -> bool:
    return int.from_bytes(head[:2], "big") & _MPEG_SYNC == _MPEG_SYNC
