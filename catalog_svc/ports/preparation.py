"""What the workers that make rungs need from the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from catalog_svc.domain.asset import Asset, StoredObject
from catalog_svc.domain.audio import Decoded, Probe, RungPlan, StreamFacts, Target
from catalog_svc.domain.catalogue import Loudness
from catalog_svc.domain.imports import (
    Source,
    Stamp,
)
from catalog_svc.domain.tags import Tags

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OwnClaim:
    """The audio is this source's to prepare.

    ``descriptor`` is the hex SHA-256 of the track's newest descriptor, empty when it has none yet.
    """

    track_id: str
    descriptor: str


@dataclass(frozen=True, slots=True)
class DuplicateClaim:
    """Another source brought the audio, and prepares its track."""

    track_id: str


Claim: TypeAlias = OwnClaim | DuplicateClaim
"""To which track a source's audio belongs."""


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


class DescriptorLost(Exception):
    """A descriptor is not in the store, or what is there under its name is something else."""


class Descriptors(Protocol):
    """Assets by the name of their descriptor, under which nothing ever changes."""

    async def asset(self, sha256: str) -> Asset:
        """The asset that the descriptor of this name describes.

        Must raise ``DescriptorLost`` for one that cannot be had however often it is asked for, and
        ``Unavailable`` where the store does not answer.
        """
        ...


class MediaObjects(Descriptors, Protocol):
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
    other files or to the network, nor a link out of the folders that imports may read. They raise
    ``AudioRefused`` for what can never work and ``SourceGone`` for a file that is not there.
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
        *,
        target: Target,
        plans: Sequence[RungPlan],
        folder: Path,
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


class WorkFolders(Protocol):
    """Scratch space of a worker."""

    def fresh(self) -> AbstractAsyncContextManager[Path]:
        """An empty folder that is removed at the end."""
        ...
