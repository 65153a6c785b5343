"""The counts of import runs, moved in the transaction that moves a file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace

from catalog_svc.adapters.postgres.import_changes import TELL
from catalog_svc.domain.imports import Counts, FileState, ImportState
from catalog_svc.domain.progress import count_reopening, count_transition
from meshkit import postgres

_MOVE = """
UPDATE import_files f SET state = %(state)s, track_id = %(track)s, reason = %(reason)s,
                          audio_ms = greatest(f.audio_ms, %(audio_ms)s)
FROM import_files was
WHERE f.source_id = %(source)s AND f.state IN (1, 4)
  AND was.import_id = f.import_id AND was.path = f.path
RETURNING f.import_id, was.state, f.audio_ms - was.audio_ms
"""
_REOPEN = """
UPDATE import_files f SET state = %(pending)s, track_id = %(track)s
FROM import_files was, imports run
WHERE run.state IN (1, 2) AND f.import_id = run.id AND f.source_id = %(source)s
  AND f.state IN (2, 3) AND was.import_id = f.import_id AND was.path = f.path
RETURNING f.import_id, was.state
"""
_ADD = f"""
UPDATE imports SET found = found + %(found)s, unchanged = unchanged + %(unchanged)s,
    duplicate = duplicate + %(duplicate)s, searchable = searchable + %(searchable)s,
    playable = playable + %(playable)s, complete = complete + %(complete)s,
    failed = failed + %(failed)s, audio_ms = audio_ms + %(audio_ms)s
WHERE id = %(id)s {TELL}
"""  # noqa: S608 - put together of constants
_CLOSE = f"""
UPDATE imports SET state = %(done)s, finished_at = now()
WHERE id = %(id)s AND state = %(encoding)s
  AND found = unchanged + duplicate + complete + failed {TELL}
"""  # noqa: S608 - put together of constants


async def add(connection: postgres.Connection, import_id: str, counts: Counts) -> None:
    """Add ``counts`` to a run."""
    await connection.execute(_ADD.encode(), {"id": import_id, **asdict(counts)})


async def close_if_settled(connection: postgres.Connection, import_id: str) -> None:
    """A run that is ENCODING and has nothing left to do becomes DONE."""
    states = {"done": ImportState.DONE, "encoding": ImportState.ENCODING}
    await connection.execute(_CLOSE.encode(), {"id": import_id, **states})


async def move(
    connection: postgres.Connection,
    source_id: str,
    state: FileState,
    *,
    track_id: str,
    reason: str = "",
    audio_ms: int = 0,
    newly_searchable: bool = False,
) -> None:
    """Move every open file of a source, in whichever run, and count it there.

    The caller holds the source's row.
    """
    moved = await connection.execute(
        _MOVE,
        {
            "source": source_id,
            "state": state,
            "track": track_id,
            "reason": reason,
            "audio_ms": audio_ms,
        },
    )
    counts: dict[str, Counts] = defaultdict(Counts)
    for import_id, was, longer_ms in await moved.fetchall():
        step = count_transition(state, FileState(was)) if was != state else Counts()
        step = replace(step, audio_ms=longer_ms, searchable=int(newly_searchable))
        counts[import_id] += step
    for import_id in sorted(counts):
        await add(connection, import_id, counts[import_id])
        await close_if_settled(connection, import_id)


async def reopen(connection: postgres.Connection, source_id: str, track_id: str) -> None:
    """Move every settled file of a source back to PENDING in the runs that are not over.

    What a run that is over said of it stays said. The caller holds the source's row.
    """
    asked = {"source": source_id, "track": track_id, "pending": FileState.PENDING}
    moved = await connection.execute(_REOPEN, asked)
    for import_id, was in sorted(await moved.fetchall()):
        await add(connection, import_id, count_reopening(FileState(was)))
