"""What the contract suites of the catalogue's stores share: the stores, and short ways to fill."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.catalogue import Loudness, Track
from catalog_svc.domain.imports import Counts, Import, ImportState, ScannedFile, Stamp
from catalog_svc.domain.tags import Tags
from catalog_svc.ports.catalogue import Catalogue, CatalogueLists, CatalogueSnapshot, Playables
from catalog_svc.ports.edits import Edits
from catalog_svc.ports.imports import Imports, ScanStore
from catalog_svc.ports.playlists import PlaylistReplica
from catalog_svc.ports.plays import PlayCounts, PlayedTracks, PlayOrders
from catalog_svc.ports.preparation import Claim, Preparation, Publication
from meshkit.feeds import Change, ChangeFeed
from meshkit.notices import Notices
from meshkit.ulids import new_id

ROOT = b"/music"


@dataclass(frozen=True)
class CatalogueStores:
    """The ports under test, on one store. ``waiting`` lists the waiting jobs: key → priority."""

    catalogue: Catalogue
    browsing: CatalogueLists
    playables: Playables
    edits: Edits
    imports: Imports
    import_changes: Notices
    scans: ScanStore
    preparation: Preparation
    feed: ChangeFeed
    listing: CatalogueSnapshot
    playlists: PlaylistReplica
    plays: PlayCounts
    orders: PlayOrders
    played: PlayedTracks
    waiting: Callable[[], Awaitable[dict[str, int]]]

    async def started(self, root: bytes = ROOT) -> str:
        """The id of a new run."""
        run = new_import(root)
        await self.imports.create(run, None)
        return run.id

    async def scanned(self, *files: ScannedFile) -> str:
        """The id of a run that found ``files`` and nothing else."""
        import_id = await self.started()
        await self.scans.record(import_id, ROOT, files)
        await self.scans.finish_scan(import_id)
        return import_id

    async def counts(self, import_id: str) -> Counts:
        """The counts of a run."""
        return (await self.run(import_id)).counts

    async def run(self, import_id: str) -> Import:
        """The run, which must be there."""
        run = await self.imports.get(import_id)
        assert run is not None
        return run

    async def only_track(self) -> Track:
        """The one track of the catalogue."""
        (track,) = await self.catalogue.tracks(after=None, limit=10)
        return track

    async def songs(self, *names: str, **fields: object) -> dict[str, str]:
        """New tracks of one album by their titles, numbered in this order: their ids."""
        files = [
            found(f"{name}.flac", tagged(name, track_number=number, **fields))
            for number, name in enumerate(names, 1)
        ]
        await self.scanned(*files)
        tracks = await self.catalogue.tracks(after=None, limit=500)
        return {track.title: track.id for track in tracks if track.title in names}

    async def refused(self, track_id: str) -> None:
        """Have the file of a track that waits for its rungs be refused."""
        for source_id in await self.source_ids():
            begun = await self.preparation.begin(source_id)
            if begun is not None and begun[0].track_id == track_id:
                await self.preparation.refuse(source_id, "it has a hole", remember=True)
                return
        raise AssertionError("the track waits for nothing")

    async def source_ids(self) -> list[str]:
        """The sources that wait for their first rungs."""
        return [key.partition("/")[2] for key in await self.waiting() if key.startswith("prepare/")]

    async def claimed(self, source_id: str, audio: str, tags: Tags) -> Claim:
        """Claim ``audio`` for a source."""
        begun = await self.preparation.begin(source_id)
        assert begun is not None
        digest = hashlib.sha256(audio.encode()).digest()
        return await self.preparation.claim(begun[0], audio_sha256=digest, tags=tags)

    async def changes_after(self, token: str) -> list[Change]:
        """What the feed says since."""
        return list((await self.feed.read(token)).changes)


def new_import(root: bytes = ROOT) -> Import:
    """A run that has not begun."""
    now = datetime.now(UTC)
    state = ImportState.SCANNING
    return Import(new_id(), root.decode(), root, state, Counts(), "", now, None)


def tagged(title: str = "Hunter", **fields: object) -> Tags:
    """Tags of a track by Björk on Homogenic, unless said otherwise."""
    values: dict[str, object] = {
        "title": title,
        "artist": "Björk",
        "album": "Homogenic",
        "album_artist": "Björk",
        "track_number": 1,
        "year": 1997,
        "genres": ("Electronic",),
        "duration_ms": 255_000,
        **fields,
    }
    return Tags(**values)  # type: ignore[arg-type]


def found(
    name: str, tags: Tags | None = None, *, size: int = 1000, **fields: object
) -> ScannedFile:
    """A file that a scan came upon."""
    path = ROOT + b"/" + os.fsencode(name)
    return ScannedFile(path, Stamp(size, 1, 1), tags, **fields)  # type: ignore[arg-type]


def publication(
    source_id: str, track_id: str, *, stage: int = 1, replaces: str = "", artwork: str = ""
) -> Publication:
    """The commit of a stage: 128 and 320, then everything."""
    first = (("128", 128), ("320", 320))
    full = (("128", 128), ("192", 192), ("256", 256), ("320", 320), ("flac", 850))
    return Publication(
        source_id=source_id,
        track_id=track_id,
        replaces=replaces,
        descriptor=f"{stage}" * 64,
        rungs=first if stage == 1 else full,
        duration_ms=255_500,
        loudness=Loudness(-9.5, -0.2) if stage == 1 else None,
        artwork=artwork,
        complete=stage == 2,
    )


def memory_stores(store: MemoryStore) -> CatalogueStores:
    """The ports on a memory store."""

    async def waiting() -> dict[str, int]:
        return {job.key: job.priority for job in store.jobs.values()}

    return CatalogueStores(
        catalogue=store,
        browsing=store,
        playables=store,
        edits=store.edits,
        imports=store,
        import_changes=store,
        scans=store,
        preparation=store,
        feed=store.feed,
        listing=store,
        playlists=store.playlists,
        plays=store.plays,
        orders=store,
        played=store,
        waiting=waiting,
    )
