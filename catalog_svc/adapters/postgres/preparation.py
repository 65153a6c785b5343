"""What the workers that make rungs read and write, in PostgreSQL."""

from __future__ import annotations

from typing import Any

from catalog_svc.adapters.postgres import import_counts, rows, track_credits, track_writes
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.catalogue import TrackState
from catalog_svc.domain.imports import FileState, Source, SourceState
from catalog_svc.domain.jobs import Job, Priority, Work
from catalog_svc.domain.tags import Tags
from catalog_svc.ports.preparation import Claim, DuplicateClaim, OwnClaim, Publication
from meshkit import feeds_postgres, postgres
from meshkit.ulids import new_id

_BEGIN = """
UPDATE sources SET attempts = attempts + 1 WHERE id = %s
RETURNING id, path, size, mtime_ns, inode, state, track_id, reason, audio_ms, attempts
"""
_INTERRUPTED = "UPDATE sources SET attempts = greatest(0, attempts - 1) WHERE id = %s"
_HOLD = f"{rows.SOURCE} WHERE id = %s FOR UPDATE"
_OWNER = """
SELECT t.id, t.source_id, s.id IS NULL OR s.state = 5 OR s.track_id <> t.id
FROM tracks t LEFT JOIN sources s ON s.id = t.source_id WHERE t.audio_sha256 = %s
"""
_HEIR = """
SELECT d.id FROM tracks t JOIN sources d ON d.track_id = t.id
WHERE t.id = %s AND t.source_id = %s AND d.id <> t.source_id AND d.state = 4
ORDER BY d.path LIMIT 1 FOR UPDATE OF d
"""
_HAND_OVER = """
UPDATE tracks SET source_id = %s, audio_sha256 = CASE WHEN state = %s THEN audio_sha256 END
WHERE id = %s
"""
_TRACK = "SELECT source_id, audio_sha256, state FROM tracks WHERE id = %s"
_OWN = "UPDATE tracks SET audio_sha256 = %s, source_id = %s WHERE id = %s"
_ASSET = "SELECT descriptor, rung_names FROM assets WHERE track_id = %s"
_SOURCE = """
UPDATE sources SET state = %(state)s, track_id = %(track)s, reason = %(reason)s,
                   audio_ms = greatest(audio_ms, %(audio_ms)s), attempts = 0
WHERE id = %(id)s
"""
_PUT_ASSET = """
INSERT INTO assets (track_id, descriptor, rung_names, rung_kbps)
VALUES (%(track)s, %(descriptor)s, %(names)s, %(kbps)s)
ON CONFLICT (track_id) DO UPDATE SET descriptor = excluded.descriptor, published_at = now(),
    rung_names = excluded.rung_names, rung_kbps = excluded.rung_kbps
"""
_PUBLISH = """
UPDATE tracks SET state = %(ready)s, bitrates_kbps = %(bitrates)s, lossless = %(lossless)s,
    duration_ms = %(duration_ms)s, failure = '', version = version + 1,
    integrated_lufs = coalesce(%(lufs)s, integrated_lufs),
    true_peak_dbtp = coalesce(%(peak)s, true_peak_dbtp),
    artwork = coalesce(nullif(%(artwork)s, ''), artwork)
WHERE id = %(track)s
"""
_REFUSE_TRACK = """
UPDATE tracks SET state = %s, failure = %s, audio_sha256 = NULL, version = version + 1
WHERE id = %s AND source_id = %s AND state = %s
"""
_FORGET = "UPDATE sources SET size = -1 WHERE id = %s"


class PostgresPreparation:
    """``Preparation``."""

    def __init__(self, pool: postgres.Pool, queue: JobQueue) -> None:
        self._pool = pool
        self._queue = queue

    async def begin(self, source_id: str) -> tuple[Source, int] | None:
        async with postgres.transaction(self._pool) as connection:
            row = await (await connection.execute(_BEGIN, [source_id])).fetchone()
        return (rows.source(row), row[9]) if row else None

    async def interrupted(self, source_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_INTERRUPTED, [source_id])

    async def claim(self, source: Source, *, audio_sha256: bytes, tags: Tags) -> Claim:
        async with track_credits.writing(self._pool) as connection:
            # What the caller read may be old: another worker may have ended this very source.
            held = await _one(connection, _HOLD, source.id)
            current = rows.source(held) if held else source
            owner = await _one(connection, _OWNER, audio_sha256)
            if owner is not None and owner[1] != source.id and not owner[2]:
                await self._duplicate(connection, current, owner[0])
                return DuplicateClaim(owner[0])
            if owner is None:
                track_id = await self._first(connection, current, tags)
            else:
                track_id = owner[0]
                await self._give_up(connection, current, track_id)
                await track_writes.retag(connection, track_id, tags)
            await connection.execute(_OWN, [audio_sha256, source.id, track_id])
            await self._own(connection, current, track_id)
            descriptor, _ = await _one(connection, _ASSET, track_id) or ("", ())
            return OwnClaim(track_id, descriptor)

    async def _first(self, connection: postgres.Connection, source: Source, tags: Tags) -> str:
        """The track for audio that no track has yet: the searchable one, or a new one."""
        if source.track_id:
            provisional = await _one(connection, _TRACK, source.track_id)
            if provisional and provisional[0] == source.id and provisional[1] is None:
                await track_writes.retag(connection, source.track_id, tags)
                return source.track_id
        track_id = new_id()
        await track_writes.insert(connection, track_id, source.id, tags)
        return track_id

    async def _own(self, connection: postgres.Connection, source: Source, track_id: str) -> None:
        if source.track_id == track_id:
            return
        await self._hand_over(connection, source)
        await self._assign(connection, source, track_id, SourceState.PENDING, FileState.PENDING)

    async def _duplicate(
        self, connection: postgres.Connection, source: Source, track_id: str
    ) -> None:
        await self._give_up(connection, source, track_id)
        if source.track_id != track_id:
            await self._hand_over(connection, source)
        await self._assign(connection, source, track_id, SourceState.DUPLICATE, FileState.DUPLICATE)

    async def _assign(
        self,
        connection: postgres.Connection,
        source: Source,
        track_id: str,
        state: SourceState,
        of_file: FileState,
    ) -> None:
        """A source is of a track from now on, and so are its files in runs that are not over."""
        await self._set_source(connection, source.id, state, track_id)
        newly_searchable = not source.track_id
        await import_counts.move(
            connection, source.id, of_file, track_id=track_id, newly_searchable=newly_searchable
        )

    async def _give_up(self, connection: postgres.Connection, source: Source, into: str) -> None:
        """Merge the searchable track of a source, if any, into the one that has its audio."""
        if source.track_id and source.track_id != into:
            provisional = await _one(connection, _TRACK, source.track_id)
            if provisional and provisional[0] == source.id and provisional[1] is None:
                await track_writes.merge(connection, source.track_id, into)

    async def _hand_over(self, connection: postgres.Connection, source: Source) -> bool:
        """Begin again with a duplicate what ``source`` leaves undone; False where there is none.

        A track without rungs gives its audio up too: the duplicate may have changed since.
        """
        asked = [source.track_id, source.id]
        heir = await (await connection.execute(_HEIR, asked)).fetchone()
        if heir is None:
            return False
        await connection.execute(_HAND_OVER, [heir[0], TrackState.READY, source.track_id])
        await self._set_source(connection, heir[0], SourceState.PENDING, source.track_id)
        await import_counts.reopen(connection, heir[0], source.track_id)
        await self._queue.add(connection, [Job(Work.PREPARE, heir[0], Priority.FIRST_RUNGS)])
        return True

    async def descriptor(self, track_id: str) -> str:
        async def run(connection: postgres.Connection) -> rows.Row | None:
            return await _one(connection, _ASSET, track_id)

        found = await postgres.read(self._pool, run)
        return str(found[0]) if found else ""

    async def publish(self, publication: Publication) -> bool:
        async with track_credits.writing(self._pool) as connection:
            held = await _one(connection, _HOLD, publication.source_id)
            before = await _one(connection, _ASSET, publication.track_id)
            stored = before[0] if before else ""
            if held is None or held[6] != publication.track_id or stored != publication.replaces:
                return False
            were_silent = await track_credits.silent(connection, publication.track_id)
            await _put_asset(connection, publication)
            await track_writes.lengthen_album(
                connection, publication.track_id, publication.duration_ms
            )
            await _put_track(connection, publication)
            await track_writes.dress_album(connection, publication.track_id, publication.artwork)
            turned = await track_credits.turned(connection, were_silent)
            changed = await track_writes.changes(connection, publication.track_id)
            await feeds_postgres.append(connection, *turned, *changed)
            await self._advance(connection, publication)
        return True

    async def settle(self, source_id: str, track_id: str, *, complete: bool) -> None:
        async with track_credits.writing(self._pool) as connection:
            await _one(connection, _HOLD, source_id)
            await self._progress(connection, source_id, track_id, 0, complete=complete)

    async def _advance(self, connection: postgres.Connection, done: Publication) -> None:
        await self._progress(
            connection, done.source_id, done.track_id, done.duration_ms, complete=done.complete
        )

    async def _progress(
        self,
        connection: postgres.Connection,
        source_id: str,
        track_id: str,
        audio_ms: int,
        *,
        complete: bool,
    ) -> None:
        """Move the source and its files on, and queue what is left to do."""
        state = SourceState.COMPLETE if complete else SourceState.PLAYABLE
        await self._set_source(connection, source_id, state, track_id, audio_ms=audio_ms)
        file_state = FileState.COMPLETE if complete else FileState.PLAYABLE
        await import_counts.move(
            connection, source_id, file_state, track_id=track_id, audio_ms=audio_ms
        )
        if not complete:
            await self._queue.add(connection, [Job(Work.COMPLETE, source_id, Priority.REST)])

    async def refuse(self, source_id: str, reason: str, *, remember: bool) -> None:
        async with track_credits.writing(self._pool) as connection:
            held = await _one(connection, _HOLD, source_id)
            if held is None:
                return
            source = rows.source(held)
            # Before the file's own move, which may close a run that now goes on.
            if not await self._hand_over(connection, source):
                await self._refuse_track(connection, source, reason)
            await self._set_source(
                connection, source_id, SourceState.FAILED, source.track_id, reason=reason
            )
            if not remember:
                await connection.execute(_FORGET, [source_id])
            await import_counts.move(
                connection, source_id, FileState.FAILED, track_id=source.track_id, reason=reason
            )

    async def _refuse_track(
        self, connection: postgres.Connection, source: Source, reason: str
    ) -> None:
        arguments = [TrackState.FAILED, reason, source.track_id, source.id, TrackState.PENDING]
        refused = await connection.execute(_REFUSE_TRACK, arguments)
        if refused.rowcount:
            changes = await track_writes.changes(connection, source.track_id, with_album=False)
            silent = await track_credits.silent(connection, source.track_id)
            changes += await track_credits.turned(connection, silent)
            await feeds_postgres.append(connection, *changes)

    async def _set_source(
        self,
        connection: postgres.Connection,
        source_id: str,
        state: SourceState,
        track_id: str,
        *,
        reason: str = "",
        audio_ms: int = 0,
    ) -> None:
        await connection.execute(
            _SOURCE,
            {
                "id": source_id,
                "state": state,
                "track": track_id,
                "reason": reason,
                "audio_ms": audio_ms,
            },
        )


async def _one(connection: postgres.Connection, query: str, argument: Any) -> rows.Row | None:
    return await (await connection.execute(query.encode(), [argument])).fetchone()


async def _put_asset(connection: postgres.Connection, done: Publication) -> None:
    await connection.execute(
        _PUT_ASSET,
        {
            "track": done.track_id,
            "descriptor": done.descriptor,
            "names": [name for name, _ in done.rungs],
            "kbps": [kbps for _, kbps in done.rungs],
        },
    )


async def _put_track(connection: postgres.Connection, done: Publication) -> None:
    loudness = done.loudness
    await connection.execute(
        _PUBLISH,
        {
            "track": done.track_id,
            "ready": TrackState.READY,
            "bitrates": [kbps for name, kbps in done.rungs if name.isdigit()],
            "lossless": any(not name.isdigit() for name, _ in done.rungs),
            "duration_ms": done.duration_ms,
            "lufs": loudness.integrated_lufs if loudness else None,
            "peak": loudness.true_peak_dbtp if loudness else None,
            "artwork": done.artwork,
        },
    )
