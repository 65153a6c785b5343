"""What runs of imports and their scans need from the world."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from catalog_svc.domain.imports import (
    FileState,
    Import,
    ImportFile,
    ScannedFile,
    Stamp,
)
from catalog_svc.domain.tags import Tags
from meshkit.idempotency import RequestKey


class Imports(Protocol):
    """Runs of imports."""

    async def create(self, new: Import, key: RequestKey | None) -> Import:
        """Must store the run and queue its scan in one commit.

        With a key that was used before, the first run is answered and nothing is stored.
        """
        ...

    async def get(self, import_id: str) -> Import | None:
        """The run with its counts as of now, or None."""
        ...

    async def list_runs(self, *, after: tuple[int, str] | None, limit: int) -> list[Import]:
        """Runs by (created_at desc, id desc); ``after`` is (created_at in µs, id)."""
        ...

    async def list_files(
        self,
        import_id: str,
        *,
        states: Sequence[FileState],
        after: bytes | None,
        limit: int,
    ) -> list[ImportFile]:
        """Files of a run by path, only those in ``states`` unless it is empty."""
        ...


class ScanStore(Protocol):
    """What a scan reads and writes."""

    async def get(self, import_id: str) -> Import | None:
        """The run, or None."""
        ...

    async def known(self, root: bytes) -> dict[bytes, tuple[Stamp, bool]]:
        """The sources at or under ``root`` by path, and whether each is settled."""
        ...

    async def recorded(self, import_id: str) -> set[bytes]:
        """Paths, relative to the root, that an earlier try of this scan has already recorded."""
        ...

    async def record(self, import_id: str, root: bytes, files: Sequence[ScannedFile]) -> None:
        """Must store a batch in one commit: sources, searchable tracks, work, counts.

        A file that is recorded already must not be counted twice.
        """
        ...

    async def record_unchanged(
        self, import_id: str, root: bytes, changed: Collection[bytes]
    ) -> None:
        """Must record every source at or under ``root`` whose path is not in ``changed``.

        They are as an earlier run left them: UNCHANGED, or FAILED for the reason given then.
        """
        ...

    async def finish_scan(self, import_id: str) -> None:
        """Every file is known: the run is ENCODING, or DONE when nothing is left to do."""
        ...

    async def fail(self, import_id: str, error: str) -> None:
        """The run cannot go on."""
        ...


class TagReader(Protocol):
    """The fast first pass over a file."""

    def read(self, path: bytes) -> Tags | None:
        """Its tags, bounded in time and size; None where it cannot tell. May raise OSError.

        Must not read what lies outside of the folders that imports may read.
        """
        ...


class Found(NamedTuple):
    """A file that a walk came upon; ``problem`` says why it cannot be looked at, if so."""

    path: bytes
    stamp: Stamp | None
    problem: str = ""


class Walker(Protocol):
    """Finds files."""

    def walk(self, root: bytes) -> Iterator[Found]:
        """Every file at or under ``root`` that may be audio, each folder once.

        Must follow links within the folders that imports may read and no other, and must tell what
        it leaves out for that. Must not open what is no regular file. Raises OSError where ``root``
        cannot be read.
        """
        ...
