"""Walks folders by their bytes, whatever their names are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog_svc.adapters.files.allowed_folders import AllowedFolders, open_file, open_folder
from catalog_svc.domain.containers import HEAD_BYTES, claims_audio, looks_like_audio
from catalog_svc.domain.imports import MAX_PATH_BYTES, Stamp
from catalog_svc.domain.roots import NotAFile, OutsideRoots, why_unreadable
from catalog_svc.ports.imports import Found

_MAX_DEPTH = 200


@dataclass(slots=True)
class _Folder:
    """A folder that is open, and the names of those in it that are yet to be walked, last first.

    What is in it is opened from ``opened``, so that it is found there wherever the folder is moved.
    """

    path: bytes
    opened: int
    below: list[tuple[bytes, bool]] = field(default_factory=list)


class FolderWalk:
    """``Walker``. A folder that was seen already, by any way, is not walked again.

    Links are followed that stay within the allowed folders; others are told.
    """

    def __init__(self, allowed: AllowedFolders) -> None:
        self._allowed = allowed

    def walk(self, root: bytes) -> Iterator[Found]:
        try:
            opened = self._allowed.open_folder(root)
        except NotADirectoryError:
            yield self._file(root)
            return
        seen: set[tuple[int, int]] = set()
        open_now = [_Folder(root, opened)]
        try:
            yield from self._entries(open_now[0], seen)
            while open_now:
                folder = open_now[-1]
                if not folder.below:
                    os.close(open_now.pop().opened)
                    continue
                name, linked = folder.below.pop()
                if len(open_now) <= _MAX_DEPTH:
                    yield from self._below(open_now, name, seen, linked=linked)
        finally:
            for folder in open_now:
                os.close(folder.opened)

    def _below(
        self, open_now: list[_Folder], name: bytes, seen: set[tuple[int, int]], *, linked: bool
    ) -> Iterator[Found]:
        """Goes into a folder of the last one of ``open_now``."""
        within = open_now[-1]
        path = _join(within.path, name)
        try:
            opened = self._allowed.open_folder(path) if linked else open_folder(name, within.opened)
        except OSError as error:
            yield Found(path, None, f"the folder cannot be read: {why_unreadable(error)}")
            return
        open_now.append(_Folder(path, opened))
        yield from self._entries(open_now[-1], seen)

    def _entries(self, folder: _Folder, seen: set[tuple[int, int]]) -> Iterator[Found]:
        """The files of a folder; notes the folders in it."""
        status = os.fstat(folder.opened)
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        try:
            with os.scandir(folder.opened) as entries:
                found = sorted((os.fsencode(entry.name), entry) for entry in entries)
        except OSError as error:
            reason = f"the folder cannot be read: {why_unreadable(error)}"
            yield Found(folder.path, None, reason)
            return
        for name, entry in found:
            path = _join(folder.path, name)
            if entry.is_symlink():
                yield from self._linked(folder, name, path)
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield from _told(path, error)
                continue
            if stat.S_ISDIR(status.st_mode):
                folder.below.append((name, False))
            elif not stat.S_ISREG(status.st_mode):
                yield from _told(path, NotAFile())
            elif claims_audio(name) or _sounds(name, folder.opened, status.st_size):
                yield _look(path, status)
        folder.below.reverse()

    def _linked(self, folder: _Folder, name: bytes, path: bytes) -> Iterator[Found]:
        """What a link leads to, where that may be read."""
        try:
            opened = self._allowed.open_file(path)
        except OutsideRoots as error:
            # Of what is outside no more is asked than what it is, to tell of folders left out.
            if claims_audio(name) or os.path.isdir(path):
                yield Found(path, None, _unreadable(error))
            return
        except NotAFile as error:
            if os.path.isdir(path):
                folder.below.append((name, True))
            else:
                yield from _told(path, error)
            return
        except OSError as error:
            yield from _told(path, error)
            return
        try:
            status = os.fstat(opened)
            wanted = claims_audio(name) or (status.st_size and _starts_as_audio(opened))
        finally:
            os.close(opened)
        if wanted:
            yield _look(path, status)

    def _file(self, path: bytes) -> Found:
        try:
            opened = self._allowed.open_file(path)
        except NotAFile as error:
            return Found(path, None, _unreadable(error))
        try:
            return _look(path, os.fstat(opened))
        finally:
            os.close(opened)


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + name if folder.endswith(b"/") else folder + b"/" + name


def _sounds(name: bytes, within: int, size: int) -> bool:
    """Whether a file whose name does not say so is audio by its first bytes."""
    if size == 0:
        return False
    try:
        opened = open_file(name, within)
    except OSError:
        return False
    try:
        return _starts_as_audio(opened)
    finally:
        os.close(opened)


def _starts_as_audio(opened: int) -> bool:
    try:
        return looks_like_audio(os.read(opened, HEAD_BYTES))
    except OSError:
        return False


def _told(path: bytes, error: OSError) -> Iterator[Found]:
    """Tells what cannot be read where its name says that it is audio."""
    if claims_audio(path):
        yield Found(path, None, _unreadable(error))


def _look(path: bytes, status: os.stat_result) -> Found:
    stamp = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    if len(path) > MAX_PATH_BYTES:
        return Found(path, None, f"its path is longer than {MAX_PATH_BYTES} bytes")
    return Found(path, stamp)


def _unreadable(error: OSError) -> str:
    return f"it cannot be read: {why_unreadable(error)}"
