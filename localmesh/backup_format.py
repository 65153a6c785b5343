"""The file of a backup: a tar in gzip; its first member says what it is, its last what is in it.

    segue-backup.json   {"format": 1, "segue": "0.1.0", "postgres": 18, "made_at": "2026-…Z"}
    postgres/cluster/…  and the mesh's other folders
    manifest.json       {"about": the first member again, "files": {name: [bytes, SHA-256]}}

A file without its last member was cut short. Folders are members of their own, empty ones too.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from localmesh.faults import BackupRefused

FORMAT = 1
"""The newest form that this code writes and reads."""
FOLDERS = ("postgres", "objects", "secrets", "tls", "deliveries")
"""What of a mesh's folder is in a backup."""

_ABOUT = "segue-backup.json"
_MANIFEST = "manifest.json"
_CHUNK_BYTES = 1 << 20
_DATABASE_LEVEL, _MEDIA_LEVEL = 1, 0
_GZIP = b"\x1f\x8b"


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What a backup is of: the versions of its form, of Segue (``unknown`` in a bare checkout) and
    of PostgreSQL, and since when (RFC 3339, UTC) nothing acknowledged is missing before.
    """

    format: int
    segue: str
    postgres: int
    made_at: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup: every file by name, with its bytes and its SHA-256 in hex."""

    about: About
    files: Mapping[str, tuple[int, str]] = field(repr=False)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(size for size, _ in self.files.values())


class _Hashed:
    """A stream whose bytes are hashed as they are read, and counted by ``on_bytes``."""

    def __init__(self, source: Readable, on_bytes: Callable[[int], None]) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self._on_bytes = on_bytes
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._source.read(size)
        self._digest.update(chunk)
        self.size += len(chunk)
        self._on_bytes(len(chunk))
        return chunk

    def entry(self) -> tuple[int, str]:
        return self.size, self._digest.hexdigest()


class _GzipMembers:
    """Compresses what is written; what follows a change of level is a gzip member of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._level = _DATABASE_LEVEL
        self._packer = self._new()

    def write(self, content: bytes) -> int:
        self._stream.write(self._packer.compress(content))
        return len(content)

    def set_level(self, level: int) -> None:
        if level != self._level:
            self.finish()
            self._level = level
            self._packer = self._new()

    def finish(self) -> None:
        self._stream.write(self._packer.flush())

    def _new(self) -> Any:
        return zlib.compressobj(self._level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)


class BackupWriter:
    """Writes a backup to ``stream``; it is one only after :meth:`finish`."""

    def __init__(
        self, stream: BinaryIO, about: About, on_bytes: Callable[[int], None] = lambda _: None
    ) -> None:
        self._about = about
        self._on_bytes = on_bytes
        self._files: dict[str, tuple[int, str]] = {}
        self._gzip = _GzipMembers(stream)
        self._tar = tarfile.open(  # type: ignore[call-overload]  # noqa: SIM115 - closed by finish
            fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_CHUNK_BYTES
        )
        self._add_text(_ABOUT, asdict(about))

    def add_folder(self, name: str) -> None:
        """A folder, which may stay empty."""
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o700
        self._add(member, None)

    def add_file(self, name: str, size: int, source: Readable) -> None:
        """A file of exactly ``size`` bytes. Raises OSError where ``source`` has fewer."""
        # Media is packed already: to compress it again costs minutes and saves nothing.
        self._gzip.set_level(_MEDIA_LEVEL if name.startswith("objects/") else _DATABASE_LEVEL)
        hashed = _Hashed(source, self._on_bytes)
        self._add(_file(name, size), hashed)
        self._files[name] = hashed.entry()

    def has(self, name: str) -> bool:
        """Whether that file was added."""
        return name in self._files

    def finish(self) -> Manifest:
        """Write the last member; the file is whole then."""
        self._gzip.set_level(_DATABASE_LEVEL)
        self._add_text(_MANIFEST, {"about": asdict(self._about), "files": self._files})
        self._tar.close()
        self._gzip.finish()
        return Manifest(self._about, self._files)

    def _add_text(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, separators=(",", ":")).encode()
        self._add(_file(name, len(text)), io.BytesIO(text))

    def _add(self, member: tarfile.TarInfo, source: Readable | None) -> None:
        self._tar.addfile(member, source)
        # It keeps all of them otherwise.
        self._tar.members.clear()


def _file(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


@dataclass(frozen=True, slots=True)
class Member:
    """A folder, or a file with its content, which is to be read before the next member."""

    name: str
    content: Readable | None


def require_whole(path: Path, stream: BinaryIO, on_bytes: Callable[[int], None]) -> Manifest:
    """What is in the backup, once every byte of it was read and is what was written.

    ``path`` is for the words. Raises BackupRefused for what is no backup, one of a newer version,
    and one that was cut short or altered.
    """
    found: dict[str, tuple[int, str]] = {}
    about, manifest = None, None
    for member in _members(path, stream):
        if manifest is not None:
            raise _altered_error(path)
        if about is None:
            about = _about_of(path, member)
        elif member.name == _MANIFEST:
            manifest = _manifest_of(path, member)
        elif member.content is not None:
            found[_checked_name(path, member.name)] = _read_through(member.content, on_bytes)
        else:
            _checked_name(path, member.name)
    if manifest is None:
        raise BackupRefused(f"{path} was cut short: its end is missing")
    if manifest.about != about or manifest.files != found:
        raise _altered_error(path)
    return manifest


def contents(
    path: Path, stream: BinaryIO, manifest: Manifest, on_bytes: Callable[[int], None]
) -> Iterator[Member]:
    """The folders and files of a backup that is whole, in its order.

    Raises BackupRefused where it is no longer what :func:`require_whole` saw.
    """
    for member in _members(path, stream):
        if member.name in (_ABOUT, _MANIFEST):
            continue
        name = _checked_name(path, member.name)
        if member.content is None:
            yield Member(name, None)
            continue
        hashed = _Hashed(member.content, on_bytes)
        yield Member(name, hashed)
        if manifest.files.get(name) != hashed.entry():
            raise _altered_error(path)


class _Unpacked:
    """What is in the gzip members of a stream; what is wrong with them is told in words."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        stream.seek(0)
        if stream.read(len(_GZIP)) != _GZIP:
            raise _no_backup_error(path)
        stream.seek(0)
        self._gzip = gzip.GzipFile(fileobj=stream, mode="rb")

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._gzip.read(size)
        except EOFError:
            raise BackupRefused(f"{self._path} was cut short: its end is missing") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise _altered_error(self._path) from error
        except OSError as error:
            raise BackupRefused(f"{self._path} cannot be read: {error.strerror}") from error


def _members(path: Path, stream: BinaryIO) -> Iterator[Member]:
    unpacked = _Unpacked(path, stream)
    try:
        with tarfile.open(  # type: ignore[call-overload]
            fileobj=unpacked, mode="r|", bufsize=_CHUNK_BYTES
        ) as tar:
            for member in tar:
                if not (member.isreg() or member.isdir()):
                    raise _altered_error(path)
                yield Member(member.name, tar.extractfile(member))
                tar.members.clear()
    except tarfile.TarError as error:
        raise _altered_error(path) from error
    # Up to the check of the last gzip member, of which the tar's end need not be the end.
    while unpacked.read(_CHUNK_BYTES):
        pass


def _about_of(path: Path, member: Member) -> About:
    if member.name != _ABOUT:
        raise _no_backup_error(path)
    words = _json(path, member)
    # The form first: one to come may say everything else in another way.
    _require_format(path, words.get("format"))
    try:
        return About(**words)
    except TypeError:
        raise _altered_error(path) from None


def _require_format(path: Path, number: Any) -> None:
    if not isinstance(number, int):
        raise _altered_error(path)
    if number > FORMAT:
        raise BackupRefused(
            f"{path} was made by a newer Segue (form {number}; this one reads up to {FORMAT}): "
            "restore it with that one"
        )


def _manifest_of(path: Path, member: Member) -> Manifest:
    words = _json(path, member)
    try:
        files = {name: (int(size), str(digest)) for name, (size, digest) in words["files"].items()}
        return Manifest(About(**words["about"]), files)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _altered_error(path) from None


def _json(path: Path, member: Member) -> dict[str, Any]:
    try:
        words = json.loads(member.content.read() if member.content else b"")
    except ValueError:
        raise _altered_error(path) from None
    if not isinstance(words, dict):
        raise _altered_error(path)
    return words


def _read_through(content: Readable, on_bytes: Callable[[int], None]) -> tuple[int, str]:
    hashed = _Hashed(content, on_bytes)
    while hashed.read(_CHUNK_BYTES):
        pass
    return hashed.entry()


def _checked_name(path: Path, name: str) -> str:
    """A name that stays below the mesh's folder, in one of its own."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] not in FOLDERS or ".." in parts:
        raise _altered_error(path)
    return name


def _altered_error(path: Path) -> BackupRefused:
    return BackupRefused(f"{path} is not what was written: it was altered or is damaged")


def _no_backup_error(path: Path) -> BackupRefused:
    return BackupRefused(f"{path} is no backup of a mesh")
