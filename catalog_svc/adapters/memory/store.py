"""The catalogue's stores inside one process, under the same contracts, for unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from catalog_svc.adapters.memory.catalogue import CurrentAsset, MemoryCatalogue
from catalog_svc.adapters.memory.edits import MemoryEdits
from catalog_svc.adapters.memory.entities import MemoryEntities
from catalog_svc.adapters.memory.play_counts import MemoryPlayCounts
from catalog_svc.adapters.memory.playlists import MemoryPlaylistReplica
from catalog_svc.domain.catalogue import Playable, TrackState
from catalog_svc.domain.imports import (
    SETTLED,
    TERMINAL,
    Counts,
    FileState,
    Import,
    ImportFile,
    ImportState,
    ScannedFile,
    Source,
    SourceState,
    Stamp,
    relative,
)
from catalog_svc.domain.jobs import Job, Priority, Work
from catalog_svc.domain.progress import classify, count_reopening, count_transition, state_of
from catalog_svc.domain.tags import Tags, file_title
from catalog_svc.ports.preparation import Claim, DuplicateClaim, OwnClaim, Publication
from meshkit.clock import unix_us, utc_now
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey
from meshkit.ulids import new_id
from meshkit.wakeups import Wakeups

_REOPENED = (FileState.UNCHANGED, FileState.DUPLICATE)


@dataclass(slots=True)
class _Line:
    """A file of a run and the source behind it."""

    file: ImportFile
    source_id: str
    audio_ms: int


@dataclass(slots=True)
class MemoryStore(MemoryCatalogue):
    """``Catalogue``, ``Playables``, ``Imports``, their changes, ``ScanStore``, ``Preparation``."""

    feed: MemoryChangeFeed = field(default_factory=MemoryChangeFeed)
    jobs: dict[str, Job] = field(default_factory=dict)
    _answers: MemoryAnswers = field(default_factory=MemoryAnswers)
    edits: MemoryEdits = field(init=False)
    playlists: MemoryPlaylistReplica = field(init=False)
    plays: MemoryPlayCounts = field(init=False)
    _names: MemoryEntities = field(init=False)
    _owners: dict[str, str] = field(default_factory=dict)
    _audio: dict[bytes, str] = field(default_factory=dict)
    _merged: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, str] = field(default_factory=dict)
    _assets: dict[str, CurrentAsset] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict)
    _attempts: dict[str, int] = field(default_factory=dict)
    _imports: dict[str, Import] = field(default_factory=dict)
    _changed_imports: Wakeups[str] = field(default_factory=Wakeups)
    _lines: dict[str, dict[bytes, _Line]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = MemoryEntities(self.feed)
        self.edits = MemoryEdits(self._names, self.survivor)
        self.playlists = MemoryPlaylistReplica(self._names, self.feed)
        self.plays = MemoryPlayCounts(self._names, self.survivor)

    async def playable(self, track_id: str) -> Playable | None:
        track = await self.track(track_id)
        if track is None:
            return None
        asset = self._assets.get(track.id, CurrentAsset("", ()))
        source = self._sources.get(self._owners[track.id])
        name = file_title(source.path if source else b"")
        failure = self._failures.get(track.id, "")
        return Playable(track, asset.descriptor, asset.rungs, name, failure)

    async def prioritize(self, track_id: str) -> None:
        job = Job(Work.PREPARE, self._owners.get(track_id, ""), Priority.WANTED)
        if job.key in self.jobs:
            self._queue(job)

    async def create(self, new: Import, key: RequestKey | None) -> Import:
        async def produce() -> bytes:
            self._keep(new)
            self._lines[new.id] = {}
            self._queue(Job(Work.SCAN, new.id, Priority.FIRST_RUNGS))
            return new.id.encode()

        answer = await self._answers.answer_once(None, key, produce)
        first = self._imports[answer.decode()]
        state = ImportState.SCANNING
        return replace(first, state=state, counts=Counts(), error="", finished_at=None)

    async def get(self, import_id: str) -> Import | None:
        return self._imports.get(import_id)

    def watching(self, import_id: str) -> AbstractContextManager[asyncio.Event]:
        return self._changed_imports.waiting(import_id)

    async def list_runs(self, *, after: tuple[int, str] | None, limit: int) -> list[Import]:
        placed = {(unix_us(run.created_at), run.id): run for run in self._imports.values()}
        places = [place for place in sorted(placed, reverse=True) if not after or place < after]
        return [placed[place] for place in places[:limit]]

    async def list_files(
        self, import_id: str, *, states: Sequence[FileState], after: bytes | None, limit: int
    ) -> list[ImportFile]:
        lines = sorted(self._lines.get(import_id, {}).items())
        found = [line.file for path, line in lines if after is None or path > after]
        return [file for file in found if not states or file.state in states][:limit]

    async def known(self, root: bytes) -> dict[bytes, tuple[Stamp, bool]]:
        return {s.path: (s.stamp, s.state in SETTLED) for s in self._under(root)}

    async def recorded(self, import_id: str) -> set[bytes]:
        return set(self._lines[import_id])

    async def record(self, import_id: str, root: bytes, files: Sequence[ScannedFile]) -> None:
        if self._imports[import_id].state is not ImportState.SCANNING:
            return
        by_path = {source.path: source for source in self._sources.values()}
        for file in files:
            if relative(file.path, root) in self._lines[import_id]:
                continue
            state, source = classify(file, by_path.get(file.path))
            if source is not None:
                self._take_over(source, file.tags)
            self._record(import_id, root, state=state, source=source, file=file)

    def _take_over(self, source: Source, tags: Tags | None) -> None:
        is_new = source.id not in self._sources
        self._sources[source.id] = source
        self._attempts[source.id] = 0
        if is_new and tags is not None and source.track_id:
            self._names.insert(source.track_id, tags)
            self._owners[source.track_id] = source.id
        if source.state is SourceState.PENDING:
            self._queue(Job(Work.PREPARE, source.id, Priority.FIRST_RUNGS))
        elif source.state is SourceState.PLAYABLE:
            self._queue(Job(Work.COMPLETE, source.id, Priority.REST))

    def _record(
        self,
        import_id: str,
        root: bytes,
        *,
        state: FileState,
        source: Source | None,
        file: ScannedFile,
    ) -> None:
        track_id, audio_ms = (source.track_id, source.audio_ms) if source else ("", 0)
        reason = file.reason or (source.reason if source else "")
        path = relative(file.path, root)
        line = ImportFile(path, state, track_id, reason)
        self._lines[import_id][path] = _Line(line, source.id if source else "", audio_ms)
        step = count_transition(state)
        step += Counts(found=1, searchable=int(bool(track_id)), audio_ms=audio_ms)
        self._count(import_id, step)

    async def record_unchanged(
        self, import_id: str, root: bytes, changed: Collection[bytes]
    ) -> None:
        for source in self._under(root):
            path = relative(source.path, root)
            if source.path in changed or path in self._lines[import_id]:
                continue
            file = ScannedFile(source.path, source.stamp)
            self._record(import_id, root, state=state_of(source), source=source, file=file)

    async def finish_scan(self, import_id: str) -> None:
        run = self._imports[import_id]
        if run.state is ImportState.SCANNING:
            self._keep(replace(run, state=ImportState.ENCODING))
            self._count(import_id, Counts())

    async def fail(self, import_id: str, error: str) -> None:
        run = self._imports[import_id]
        if not run.finished:
            now = utc_now()
            failed = replace(run, state=ImportState.FAILED, error=error, finished_at=now)
            self._keep(failed)

    async def begin(self, source_id: str) -> tuple[Source, int] | None:
        if source_id not in self._sources:
            return None
        self._attempts[source_id] += 1
        return self._sources[source_id], self._attempts[source_id]

    async def interrupted(self, source_id: str) -> None:
        self._attempts[source_id] = max(0, self._attempts[source_id] - 1)

    async def claim(self, source: Source, *, audio_sha256: bytes, tags: Tags) -> Claim:
        current = self._sources[source.id]
        owner = self._audio.get(audio_sha256, "")
        if owner and self._owners[owner] != source.id and not self._abandoned(owner):
            self._duplicate(current, owner)
            return DuplicateClaim(owner)
        if owner:
            self._give_up(current, owner)
        track_id = owner or self._provisional(current) or new_id()
        if self._names.track(track_id) is None:
            self._names.insert(track_id, tags)
        else:
            self._names.retag(track_id, tags)
        self._owners[track_id] = source.id
        self._audio[audio_sha256] = track_id
        if current.track_id != track_id:
            self._hand_over(current)
            pending = replace(current, state=SourceState.PENDING, track_id=track_id)
            self._move(pending, FileState.PENDING, newly_searchable=not current.track_id)
        return OwnClaim(track_id, await self.descriptor(track_id))

    def _provisional(self, source: Source) -> str:
        """The searchable track of a source whose audio is not known yet; empty for none."""
        track_id = source.track_id
        owned = self._owners.get(track_id) == source.id
        return track_id if owned and track_id not in self._audio.values() else ""

    def _abandoned(self, track_id: str) -> bool:
        """Whether the source that owns a track was refused or became another track."""
        owner = self._sources[self._owners[track_id]]
        return owner.state is SourceState.FAILED or owner.track_id != track_id

    def _give_up(self, source: Source, track_id: str) -> None:
        """Merge the searchable track of a source, if any, into the one that has its audio."""
        provisional = self._provisional(source)
        if provisional:
            self.edits.merge(provisional, track_id)
            del self._owners[provisional]
            self._merged = {
                old: track_id if new == provisional else new for old, new in self._merged.items()
            }
            self._merged[provisional] = track_id
            for other in self._sources.values():
                if other.track_id == provisional:
                    self._sources[other.id] = replace(other, track_id=track_id)

    def _hand_over(self, source: Source) -> bool:
        """Begin again with a duplicate what ``source`` leaves undone; False where there is none."""
        track = self._names.track(source.track_id)
        tied = [other for other in self._sources.values() if other.track_id == source.track_id]
        duplicates = [other for other in tied if other.state is SourceState.DUPLICATE]
        if track is None or self._owners[track.id] != source.id or not duplicates:
            return False
        first = min(duplicates, key=lambda other: other.path)
        heir = replace(first, state=SourceState.PENDING)
        self._sources[heir.id], self._attempts[heir.id] = heir, 0
        self._owners[track.id] = heir.id
        if track.state is not TrackState.READY:
            self._forget_audio(track.id)
        self._reopen(heir)
        self._queue(Job(Work.PREPARE, heir.id, Priority.FIRST_RUNGS))
        return True

    def _forget_audio(self, track_id: str) -> None:
        self._audio = {key: owner for key, owner in self._audio.items() if owner != track_id}

    def _reopen(self, source: Source) -> None:
        """Move the settled files of a source back to PENDING in the runs that are not over."""
        for import_id, line in self._of(source.id):
            was = line.file.state
            if was in _REOPENED and not self._imports[import_id].finished:
                line.file = replace(line.file, state=FileState.PENDING, track_id=source.track_id)
                self._count(import_id, count_reopening(was))

    def _duplicate(self, source: Source, track_id: str) -> None:
        self._give_up(source, track_id)
        if source.track_id != track_id:
            self._hand_over(source)
        same = replace(source, state=SourceState.DUPLICATE, track_id=track_id)
        self._move(same, FileState.DUPLICATE, newly_searchable=not source.track_id)

    async def descriptor(self, track_id: str) -> str:
        return self._assets.get(track_id, CurrentAsset("", ())).descriptor

    async def publish(self, publication: Publication) -> bool:
        done = publication
        source = self._sources.get(done.source_id)
        stored = await self.descriptor(done.track_id)
        if source is None or source.track_id != done.track_id or stored != done.replaces:
            return False
        self._assets[done.track_id] = CurrentAsset(done.descriptor, done.rungs)
        self._failures.pop(done.track_id, None)
        self._names.publish(done)
        self._progress(source, done.duration_ms, complete=done.complete)
        return True

    async def settle(self, source_id: str, track_id: str, *, complete: bool) -> None:
        source = replace(self._sources[source_id], track_id=track_id)
        self._progress(source, 0, complete=complete)

    def _progress(self, source: Source, audio_ms: int, *, complete: bool) -> None:
        state = SourceState.COMPLETE if complete else SourceState.PLAYABLE
        longer = max(source.audio_ms, audio_ms)
        moved = replace(source, state=state, audio_ms=longer, reason="")
        self._attempts[source.id] = 0
        self._move(moved, FileState.COMPLETE if complete else FileState.PLAYABLE)
        if not complete:
            self._queue(Job(Work.COMPLETE, source.id, Priority.REST))

    async def refuse(self, source_id: str, reason: str, *, remember: bool) -> None:
        source = self._sources[source_id]
        track = self._names.track(source.track_id)
        own = self._owners.get(source.track_id) == source_id
        handed_over = self._hand_over(source)
        if track and own and not handed_over and track.state is TrackState.PENDING:
            self._names.fail(track.id)
            self._failures[track.id] = reason
            self._forget_audio(track.id)
        stamp = source.stamp if remember else source.stamp._replace(size=-1)
        failed = replace(source, state=SourceState.FAILED, reason=reason, stamp=stamp)
        self._move(failed, FileState.FAILED)

    def _move(self, source: Source, state: FileState, *, newly_searchable: bool = False) -> None:
        """Move a source and every open file of it, in whichever run, and count it there."""
        self._sources[source.id] = source
        for import_id, line in self._of(source.id):
            if line.file.state in TERMINAL:
                continue
            was, longer = line.file.state, max(line.audio_ms, source.audio_ms)
            step = count_transition(state, was) if was is not state else Counts()
            step += Counts(searchable=int(newly_searchable), audio_ms=longer - line.audio_ms)
            reason = source.reason if state is FileState.FAILED else ""
            line.file = ImportFile(line.file.path, state, source.track_id, reason)
            line.audio_ms = longer
            self._count(import_id, step)

    def _of(self, source_id: str) -> list[tuple[str, _Line]]:
        lines = [(key, line) for key, found in self._lines.items() for line in found.values()]
        return [(key, line) for key, line in lines if line.source_id == source_id]

    def _count(self, import_id: str, step: Counts) -> None:
        run = self._imports[import_id]
        run = replace(run, counts=run.counts + step)
        if run.state is ImportState.ENCODING and run.counts.settled:
            run = replace(run, state=ImportState.DONE, finished_at=utc_now())
        self._keep(run)

    def _keep(self, run: Import) -> None:
        self._imports[run.id] = run
        self._changed_imports.wake(run.id)

    def _under(self, root: bytes) -> Iterable[Source]:
        folder = root.rstrip(b"/") + b"/"
        found = [s for s in self._sources.values() if s.path == root or s.path.startswith(folder)]
        return sorted(found, key=lambda source: source.path)

    def _queue(self, job: Job) -> None:
        waiting = self.jobs.get(job.key)
        if waiting is None or waiting.priority < job.priority:
            self.jobs[job.key] = job
