"""What the catalogue needs from the world. Each "must" has a test in tests/contracts/catalog.

Every change of a track, album or artist must come with a change in the feed, in the same commit:
entity "track", "album" or "artist", and as payload the serialized ``segue.catalog.v1`` message of
that name (empty when it is removed).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from catalog_svc.domain.asset import Asset, StoredObject
from catalog_svc.domain.audio import Decoded, Probe, RungPlan, StreamFacts, Target
from catalog_svc.domain.catalogue import Album, Artist, Loudness, Playable, Track
from catalog_svc.domain.imports import (
    FileState,
    Import,
    ImportFile,
    ScannedFile,
    Source,
    Stamp,
)
from catalog_svc.domain.tags import Tags
from meshkit.feeds import FeedBatch
from meshkit.idempotency import RequestKey

T = TypeVar("T")


class Catalogue(Protocol):
    """Reads. A track that was merged into another must be found under both ids."""

    async def track(self, track_id: str) -> Track | None:
        """The track, or None."""
        ...

    async def tracks(self, *, after: tuple[int, str] | None, limit: int) -> list[Track]:
        """Tracks by (created_at desc, id desc); ``after`` is (created_at in µs, id)."""
        ...

    async def album(self, album_id: str) -> Album | None:
        """The album, or None."""
        ...

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        """Tracks of an album by (disc, number, id)."""
        ...

    async def artist(self, artist_id: str) -> Artist | None:
        """The artist, or None."""
        ...

    async def top_tracks(self, artist_id: str, *, limit: int) -> list[Track]:
        """Tracks of an artist by (streams_total desc, id desc)."""
        ...


class Playables(Protocol):
    """What playback asks for."""

    async def playable(self, track_id: str) -> Playable | None:
        """The track and its newest descriptor, or None."""
        ...

    async def want(self, track_id: str) -> None:
        """Must move the waiting work on the track's first rungs before all other work."""
        ...


class ChangeLog(Protocol):
    """The feed of the catalogue's changes, see ``meshkit.feeds.ChangeFeed``."""

    async def oldest(self) -> str:
        """The token before the oldest change that is kept."""
        ...

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """Batches after ``token`` as they happen, none of them empty, until ``stop`` is set."""
        ...


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

    async def files(
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


@dataclass(frozen=True, slots=True)
class Claim:
    """To which track a source's audio belongs.

    ``duplicate`` says that another source brought it. ``descriptor`` is the hex SHA-256 of the
    newest descriptor, empty when the track has none yet.
    """

    track_id: str
    duplicate: bool
    descriptor: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What becomes true in one commit when rungs are stored.

    ``replaces`` is the descriptor that the new one was made from, empty for the first.
    """

    source_id: str
    track_id: str
    replaces: str
    descriptor: str
    rungs: tuple[tuple[str, int], ...]
    duration_ms: int
    loudness: Loudness | None
    artwork: str
    complete: bool


class Preparation(Protocol):
    """What the workers that make rungs read and write."""

    async def begin(self, source_id: str) -> tuple[Source, int] | None:
        """The source, and how often work on it has begun, this time included."""
        ...

    async def interrupted(self, source_id: str) -> None:
        """This beginning does not count: the worker was asked to stop."""
        ...

    async def claim(self, source: Source, *, audio_sha256: bytes, tags: Tags) -> Claim:
        """Must give equal audio one track, however many sources race for it.

        A track that was searchable for a duplicate goes away, and its id leads to the track
        that stays. Tags that changed are taken over from the source that owns the track; a track
        whose owner was refused or has become another track is owned by the next that claims it.
        """
        ...

    async def descriptor(self, track_id: str) -> str:
        """Hex SHA-256 of the track's newest descriptor, or empty."""
        ...

    async def publish(self, publication: Publication) -> bool:
        """Must make all of it true at once, with the next work queued; False when it is already.

        That is so when the track's descriptor is not the one that was replaced.
        """
        ...

    async def settle(self, source_id: str, track_id: str, *, complete: bool) -> None:
        """The rungs are there already: mark the source, and queue the rest unless complete."""
        ...

    async def refuse(self, source_id: str, reason: str, *, remember: bool) -> None:
        """Must mark the source FAILED, and its track unless that is READY, in one commit.

        A track that has a duplicate source must go to that one instead: the duplicate is PENDING
        again, its first rungs are queued, and runs that are not over wait for it.
        ``remember`` keeps the verdict for as long as the file does not change.
        """
        ...


class MediaObjects(Protocol):
    """Immutable objects under names made of their hash. Putting one twice must be harmless."""

    async def put_media(
        self, files: Sequence[Path], inspect: Callable[[bytes], T]
    ) -> list[tuple[StoredObject, T]]:
        """Store segments, each with what ``inspect`` makes of its bytes.

        They must survive a power cut once this returns.
        """
        ...

    async def put_artwork(self, image: bytes) -> str:
        """Store a cover; hex SHA-256."""
        ...

    async def put_asset(self, asset: Asset) -> str:
        """Store the descriptor; hex SHA-256."""
        ...

    async def asset(self, sha256: str) -> Asset:
        """The descriptor of this name."""
        ...


@dataclass(frozen=True, slots=True)
class PackagedRung:
    """A rung as files: its initialisation segment and its media segments in order."""

    plan: RungPlan
    codecs: str
    init: Path
    segments: tuple[Path, ...]


class Audio(Protocol):
    """The programs that look at, decode, encode and package audio.

    All of them must be bounded in time and memory, and must not follow a file's references to
    other files or to the network. They raise ``AudioRefused`` for what can never work and
    ``SourceGone`` for a file that is not there.
    """

    def stamp(self, path: bytes) -> Stamp:
        """What tells whether the file changed since."""
        ...

    async def probe(self, path: bytes) -> Probe:
        """The first audio stream and the tags, as ffprobe sees them."""
        ...

    async def identity(self, path: bytes, facts: StreamFacts) -> bytes:
        """SHA-256 of the audio packets: equal for the same music, however it is tagged."""
        ...

    async def encode(
        self,
        path: bytes,
        facts: StreamFacts,
        target: Target,
        plans: Sequence[RungPlan],
        folder: Path,
        *,
        measure: bool,
    ) -> tuple[Decoded, list[Path]]:
        """Decode once into every rung; ``measure`` asks for loudness too."""
        ...

    async def package(self, encoded: Mapping[RungPlan, Path], folder: Path) -> list[PackagedRung]:
        """Cut encoded rungs into segments of ~10 s made of ~2 s fragments."""
        ...

    async def cover(self, path: bytes, facts: StreamFacts) -> bytes:
        """The cover inside the file or beside it, JPEG or PNG; empty when there is none."""
        ...


class TagReader(Protocol):
    """The fast first pass over a file."""

    def read(self, path: bytes) -> Tags | None:
        """Its tags, bounded in time and size; None where it cannot tell. May raise OSError."""
        ...


class WorkFolders(Protocol):
    """Scratch space of a worker."""

    def fresh(self) -> AbstractAsyncContextManager[Path]:
        """An empty folder that is removed at the end."""
        ...


class Found(NamedTuple):
    """A file that a walk came upon; ``problem`` says why it cannot be looked at, if so."""

    path: bytes
    stamp: Stamp | None
    problem: str = ""


class Walker(Protocol):
    """Finds files."""

    def walk(self, root: bytes) -> Iterator[Found]:
        """Every file at or under ``root`` that may be audio, each folder once, links followed."""
        ...
