"""Walks folders by their bytes, whatever their names are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from catalog_svc.domain.containers import HEAD_BYTES, claims_audio, looks_like_audio
from catalog_svc.domain.imports import MAX_PATH_BYTES, Stamp
from catalog_svc.ports.imports import Found

_MAX_DEPTH = 200


class FolderWalk:
    """``Walker``. Links are followed; a folder that was seen already, by any way, is not again."""

    def walk(self, root: bytes) -> Iterator[Found]:
        if not os.path.isdir(root):
            yield _look(root, os.stat(root))
            return
        seen: set[tuple[int, int]] = set()
        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            yield from _files(folder, depth, seen, waiting)


def _files(
    folder: bytes, depth: int, seen: set[tuple[int, int]], waiting: list[tuple[bytes, int]]
) -> Iterator[Found]:
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            found = sorted(entries, key=_name)
    except OSError as error:
        yield Found(folder, None, f"the folder cannot be read: {os.strerror(error.errno or 0)}")
        return
    below: list[tuple[bytes, int]] = []
    for entry in found:
        try:
            status = entry.stat()
        except OSError as error:
            if claims_audio(entry.name):
                yield Found(entry.path, None, _unreadable(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            below.append((entry.path, depth + 1))
        elif stat.S_ISREG(status.st_mode) and _wanted(entry.path, status.st_size):
            yield _look(entry.path, status)
    if depth < _MAX_DEPTH:
        waiting.extend(reversed(below))


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def _wanted(path: bytes, size: int) -> bool:
    """Whether the file says by its name, or else by its first bytes, that it is audio."""
    if claims_audio(path):
        return True
    if size == 0:
        return False
    try:
        with open(path, "rb") as file:
            return looks_like_audio(file.read(HEAD_BYTES))
    except OSError:
        return False


def _look(path: bytes, status: os.stat_result) -> Found:
    stamp = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    if len(path) > MAX_PATH_BYTES:
        return Found(path, None, f"its path is longer than {MAX_PATH_BYTES} bytes")
    return Found(path, stamp)


def _unreadable(error: OSError) -> str:
    return f"it cannot be read: {os.strerror(error.errno or 0)}"
