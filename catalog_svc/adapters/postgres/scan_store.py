"""What a scan finds, stored in PostgreSQL: one commit a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import hiding, import_counts, rows, track_credits
from catalog_svc.adapters.postgres.import_changes import TELL
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.catalogue import Track
from catalog_svc.domain.imports import (
    SETTLED,
    Counts,
    FileState,
    Import,
    ImportState,
    ScannedFile,
    Source,
    Stamp,
    relative,
)
from catalog_svc.domain.jobs import Job, Priority, Work
from catalog_svc.domain.listings import title_key
from catalog_svc.domain.progress import classify, count_transition
from catalog_svc.domain.tagging import pending_track
from meshkit import feeds_postgres, postgres
from meshkit.clock import utc_now

_UNDER = "(s.path = %(root)s OR (s.path > %(from)s AND s.path < %(to)s))"
_STAMPS = "SELECT s.path, s.size, s.mtime_ns, s.inode, s.state FROM sources s"
_KNOWN = f"{_STAMPS} WHERE {_UNDER}"
_UNCHANGED = """
WITH added AS (
    INSERT INTO import_files (import_id, path, state, source_id, track_id, reason, audio_ms)
    SELECT %(import)s, CASE WHEN s.path = %(root)s THEN %(name)s ELSE substr(s.path, %(skip)s) END,
           CASE s.state WHEN 5 THEN 6 WHEN 1 THEN 1 WHEN 2 THEN 4 ELSE 2 END,
           s.id, s.track_id, s.reason, s.audio_ms
    FROM sources s WHERE (s.path = %(root)s OR (s.path > %(from)s AND s.path < %(to)s))
        AND s.path <> ALL (%(changed)s)
    ON CONFLICT DO NOTHING RETURNING state, track_id, audio_ms
)
SELECT state, count(*), count(*) FILTER (WHERE track_id <> ''), sum(audio_ms)
FROM added GROUP BY state
"""
_CURRENT = f"{rows.SOURCE} WHERE path = ANY (%s) ORDER BY id FOR UPDATE"
_RECORDED = "SELECT path FROM import_files WHERE import_id = %s"
_ALREADY = "SELECT path FROM import_files WHERE import_id = %s AND path = ANY (%s)"
_HOLD = "SELECT state FROM imports WHERE id = %s FOR UPDATE"
_FINISH = f"UPDATE imports SET state = %s WHERE id = %s AND state = %s {TELL}"  # noqa: S608 - put together of constants
_FAIL = f"""
UPDATE imports SET state = %s, error = %s, finished_at = now() WHERE id = %s AND state IN (1, 2)
{TELL}
"""  # noqa: S608 - put together of constants
_COPY_SOURCES = """
COPY sources (id, path, size, mtime_ns, inode, state, track_id, reason, audio_ms) FROM STDIN
"""
_COPY_TRACKS = """
COPY tracks (id, title, folded, artist_id, album_id, disc_number, track_number, duration_ms, genres,
             year, source_id, created_at) FROM STDIN
"""
_COPY_FILES = """
COPY import_files (import_id, path, state, source_id, track_id, reason, audio_ms) FROM STDIN
"""
_TOUCH = """
UPDATE sources SET size = %s, mtime_ns = %s, inode = %s, state = %s, reason = %s, attempts = 0
WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a scanned file becomes: its line in the run, and the source behind it, if any."""

    file: ScannedFile
    state: FileState
    source: Source | None
    is_new: bool


class PostgresScanStore:
    """``ScanStore``."""

    def __init__(self, pool: postgres.Pool, queue: JobQueue) -> None:
        self._pool = pool
        self._queue = queue

    async def get(self, import_id: str) -> Import | None:
        async def run(connection: postgres.Connection) -> list[rows.Row]:
            query = f"{rows.IMPORT} WHERE id = %s".encode()
            return await (await connection.execute(query, [import_id])).fetchall()

        found = await postgres.read(self._pool, run)
        return rows.import_run(found[0]) if found else None

    async def known(self, root: bytes) -> dict[bytes, tuple[Stamp, bool]]:
        async def run(connection: postgres.Connection) -> list[rows.Row]:
            async with connection.cursor(binary=True) as cursor:
                return await (await cursor.execute(_KNOWN.encode(), _bounds(root))).fetchall()

        found = await postgres.read(self._pool, run)
        return {
            path: (Stamp(size, mtime_ns, inode), state in SETTLED)
            for path, size, mtime_ns, inode, state in found
        }

    async def recorded(self, import_id: str) -> set[bytes]:
        async def run(connection: postgres.Connection) -> list[rows.Row]:
            return await (await connection.execute(_RECORDED, [import_id])).fetchall()

        return {row[0] for row in await postgres.read(self._pool, run)}

    async def record(self, import_id: str, root: bytes, files: Sequence[ScannedFile]) -> None:
        async with track_credits.writing(self._pool) as connection:
            held = await (await connection.execute(_HOLD, [import_id])).fetchone()
            if held is None or held[0] != ImportState.SCANNING:
                return
            paths = [relative(file.path, root) for file in files]
            cursor = await connection.execute(_ALREADY, [import_id, paths])
            already = {row[0] for row in await cursor.fetchall()}
            left = [f for f, path in zip(files, paths, strict=True) if path not in already]
            cursor = await connection.execute(_CURRENT.encode(), [[f.path for f in left]])
            current = {row[1]: rows.source(row) for row in await cursor.fetchall()}
            entries = [_entry(file, current.get(file.path)) for file in left]
            await self._write(connection, import_id, root, entries)

    async def record_unchanged(
        self, import_id: str, root: bytes, changed: Collection[bytes]
    ) -> None:
        asked = {
            **_bounds(root),
            "import": import_id,
            "name": relative(root, root),
            "skip": len(root.rstrip(b"/")) + 2,
            "changed": list(changed),
        }
        async with track_credits.writing(self._pool) as connection:
            cursor = await connection.execute(_UNCHANGED.encode(), asked)
            for state, number, searchable, audio_ms in await cursor.fetchall():
                step = Counts(found=number, searchable=searchable, audio_ms=audio_ms)
                await import_counts.add(connection, import_id, step)
                name = _COUNT_OF.get(FileState(state))
                if name:
                    await import_counts.add(connection, import_id, Counts(**{name: number}))

    async def _write(
        self,
        connection: postgres.Connection,
        import_id: str,
        root: bytes,
        entries: Sequence[_Entry],
    ) -> None:
        tracks = await self._add_tracks(connection, entries)
        await _touch(connection, [e for e in entries if not e.is_new])
        async with connection.cursor() as cursor:
            async with cursor.copy(_COPY_SOURCES) as copy:
                for entry in entries:
                    if entry.is_new and entry.source is not None:
                        await copy.write_row(_source_row(entry.source))
            async with cursor.copy(_COPY_FILES) as copy:
                for entry in entries:
                    await copy.write_row(_file_row(import_id, root, entry))
        open_sources = [e.source for e in entries if e.source and e.state is FileState.PENDING]
        half_done = [e.source for e in entries if e.source and e.state is FileState.PLAYABLE]
        jobs = [Job(Work.PREPARE, s.id, Priority.FIRST_RUNGS) for s in open_sources]
        jobs += [Job(Work.COMPLETE, s.id, Priority.REST) for s in half_done]
        await self._queue.add(connection, jobs)
        await import_counts.add(connection, import_id, sum(map(_count, entries), Counts()))
        if tracks:
            await feeds_postgres.append(connection, *map(feed_changes.track_change, tracks))

    async def _add_tracks(
        self, connection: postgres.Connection, entries: Sequence[_Entry]
    ) -> list[Track]:
        """Insert the tracks of new files whose tags could be read; they are searchable at once."""
        pairs = [
            (entry.source, entry.file.tags)
            for entry in entries
            if entry.is_new and entry.source is not None and entry.file.tags is not None
        ]
        if not pairs:
            return []
        credits_ = await track_credits.credit(connection, [tags for _, tags in pairs])
        now = utc_now()
        tracks = [
            pending_track(source.track_id, tags, credits_.artist(tags), credits_.album(tags), now)
            for source, tags in pairs
        ]
        async with connection.cursor().copy(_COPY_TRACKS) as copy:
            for track, (source, _) in zip(tracks, pairs, strict=True):
                await copy.write_row(_track_row(track, source.id))
        turned, credited = await hiding.placed(connection, [one.id for one in tracks], credits_)
        await feeds_postgres.append(connection, *credited)
        return [replace(one, hidden=one.id in turned.tracks) for one in tracks]

    async def finish_scan(self, import_id: str) -> None:
        async with track_credits.writing(self._pool) as connection:
            states = [ImportState.ENCODING, import_id, ImportState.SCANNING]
            await connection.execute(_FINISH.encode(), states)
            await import_counts.close_if_settled(connection, import_id)

    async def fail(self, import_id: str, error: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_FAIL.encode(), [ImportState.FAILED, error, import_id])


def _bounds(root: bytes) -> dict[str, object]:
    """Everything under a folder sorts between its name with a slash and with what follows one."""
    folder = root.rstrip(b"/")
    return {"root": root, "from": folder + b"/", "to": folder + b"0"}


_COUNT_OF = {
    FileState.UNCHANGED: "unchanged",
    FileState.FAILED: "failed",
    FileState.PLAYABLE: "playable",
}


def _entry(file: ScannedFile, held: Source | None) -> _Entry:
    state, source = classify(file, held)
    return _Entry(file, state, source, is_new=held is None)


def _count(entry: _Entry) -> Counts:
    return replace(
        count_transition(entry.state),
        found=1,
        searchable=int(bool(entry.source and entry.source.track_id)),
        audio_ms=entry.source.audio_ms if entry.source else 0,
    )


async def _touch(connection: postgres.Connection, entries: Sequence[_Entry]) -> None:
    """Bring the rows of known sources to what their files are now."""
    changed = [
        (s.stamp.size, s.stamp.mtime_ns, s.stamp.inode, s.state, s.reason, s.id)
        for s in (entry.source for entry in entries)
        if s is not None
    ]
    if changed:
        await connection.cursor().executemany(_TOUCH, changed)


def _track_row(track: Track, source_id: str) -> tuple[object, ...]:
    return (
        track.id,
        track.title,
        title_key(track.title),
        track.artist_id,
        track.album_id or None,
        track.disc_number,
        track.track_number,
        track.duration_ms,
        list(track.genres),
        track.year,
        source_id,
        track.created_at,
    )


def _source_row(source: Source) -> tuple[object, ...]:
    stamp = source.stamp
    return (
        source.id,
        source.path,
        stamp.size,
        stamp.mtime_ns,
        stamp.inode,
        source.state,
        source.track_id,
        source.reason,
        source.audio_ms,
    )


def _file_row(import_id: str, root: bytes, entry: _Entry) -> tuple[object, ...]:
    source = entry.source
    reason = entry.file.reason or (source.reason if source else "")
    return (
        import_id,
        relative(entry.file.path, root),
        entry.state,
        source.id if source else "",
        source.track_id if source else "",
        reason,
        source.audio_ms if source else 0,
    )
