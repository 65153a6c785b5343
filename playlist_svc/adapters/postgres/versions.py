"""The history of playlists in PostgreSQL: a delta a version, a full copy every so often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshkit.clock import instant_of_ms
from meshkit.postgres import Connection
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.postgres import playlist_rows
from playlist_svc.domain import delta
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import Order
from playlist_svc.domain.playlist import Snapshot
from playlist_svc.ports.playlists import NewSnapshot, RevisionGone

COPY_EVERY = 256
"""Versions after which there is another full copy at the latest: what a cold read replays."""

_LEAST_BYTES_BEFORE_COPY = 16 * 1024
_BEYOND_ALL = 2**31 - 1

_COLUMNS = ", ".join(playlist_rows.SNAPSHOT_COLUMNS)

# The way from the version ``known`` (0: none) to the one that is wanted, in one round trip: the
# nearest full copy and the deltas after it, or the deltas alone where they weigh less.
_WAY = """
WITH copy AS (
    SELECT revision, title, description, records FROM snapshot_copies
    WHERE playlist_id = %(playlist_id)s AND revision > %(known)s AND revision <= %(wanted)s
      AND (%(known)s = 0 OR octet_length(records) < (
        SELECT sum(octet_length(delta)) FROM snapshots WHERE playlist_id = %(playlist_id)s
          AND revision > %(known)s AND revision <= %(wanted)s
      ))
    ORDER BY revision DESC LIMIT 1
)
SELECT revision, title, description, records FROM copy
UNION ALL
SELECT revision, NULL, NULL, delta FROM snapshots
WHERE playlist_id = %(playlist_id)s
  AND revision > coalesce((SELECT revision FROM copy), %(known)s) AND revision <= %(wanted)s
ORDER BY revision
"""
# Every statement below is put together from the constant names of columns alone.
_BY_ID = f"""
SELECT {_COLUMNS} FROM snapshots WHERE playlist_id = %s AND snapshot_id = %s
"""  # noqa: S608
_BY_REVISION = f"""
SELECT {_COLUMNS} FROM snapshots WHERE playlist_id = %s AND revision = %s
"""  # noqa: S608
_ABOVE = f"""
SELECT {_COLUMNS} FROM snapshots WHERE playlist_id = %s AND revision > %s
ORDER BY revision DESC LIMIT %s
"""  # noqa: S608
_BELOW = f"""
SELECT {_COLUMNS} FROM snapshots WHERE playlist_id = %s AND revision < %s
ORDER BY revision DESC LIMIT %s
"""  # noqa: S608
_LAST_UNDOABLE = f"""
SELECT {_COLUMNS} FROM snapshots
WHERE playlist_id = %s AND author_id = %s AND kind IN ('EDIT', 'RESTORE') AND undone_by IS NULL
ORDER BY revision DESC LIMIT 1
"""  # noqa: S608
_LAST_REDOABLE = f"""
SELECT {", ".join(f"undone.{column}" for column in playlist_rows.SNAPSHOT_COLUMNS)}
FROM snapshots AS undo JOIN snapshots AS undone
  ON undone.playlist_id = undo.playlist_id AND undone.undone_by = undo.revision
WHERE undo.playlist_id = %(playlist_id)s AND undo.author_id = %(author_id)s
  AND undo.kind = 'UNDO' AND undone.kind IN ('EDIT', 'RESTORE')
  AND undo.revision > coalesce((
    SELECT max(revision) FROM snapshots
    WHERE playlist_id = %(playlist_id)s AND author_id = %(author_id)s
      AND kind IN ('EDIT', 'RESTORE')
  ), 0)
ORDER BY undo.revision DESC LIMIT 1
"""  # noqa: S608
_INSERT = """
INSERT INTO snapshots (playlist_id, revision, snapshot_id, kind, author_id, created_at, summary,
    track_count, reverts, delta)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_COPY = """
INSERT INTO snapshot_copies (playlist_id, revision, title, description, records)
VALUES (%s, %s, %s, %s, %s)
"""
_MARK = "UPDATE snapshots SET undone_by = %s WHERE playlist_id = %s AND revision = %s"


async def content(
    connection: Connection, versions: ContentCache, playlist_id: str, revision: int
) -> Content:
    """A committed version, from memory or by what is missing there. Raises ``RevisionGone``."""
    nearest = versions.nearest(playlist_id, revision)
    if nearest is not None and nearest[0] == revision:
        return nearest[1]
    found = None
    if nearest is not None:
        found = await _replayed(connection, playlist_id, nearest, revision)
    if found is None:
        found = await _replayed(connection, playlist_id, None, revision)
    if found is None:
        raise RevisionGone(f"revision {revision} is not kept")
    versions.put(playlist_id, revision, found)
    return found


async def _replayed(
    connection: Connection, playlist_id: str, known: tuple[int, Content] | None, wanted: int
) -> Content | None:
    """The version made from the one that is known; None when something on the way is not kept."""
    revision, base = known or (0, None)
    names = {"playlist_id": playlist_id, "known": revision, "wanted": wanted}
    # In binary: as text a copy would be twice as long and have to be parsed.
    cursor = await connection.cursor(binary=True).execute(_WAY, names)
    rows = await cursor.fetchall()
    if rows and rows[0][1] is not None:
        revision, title, description, records = rows.pop(0)
        base = Content(title, description, Order(records))
    if base is None or [row[0] for row in rows] != list(range(revision + 1, wanted + 1)):
        return None
    return delta.replay(base, [row[3] for row in rows])


async def by_id(connection: Connection, playlist_id: str, snapshot_id: str) -> Snapshot | None:
    """One version by its id."""
    return _first(await _found(connection, _BY_ID, [playlist_id, snapshot_id]))


async def by_revision(connection: Connection, playlist_id: str, revision: int) -> Snapshot | None:
    """One version by its revision."""
    return _first(await _found(connection, _BY_REVISION, [playlist_id, revision]))


async def above(
    connection: Connection, playlist_id: str, revision: int, limit: int
) -> list[Snapshot]:
    """The newest versions above a revision, newest first."""
    return await _found(connection, _ABOVE, [playlist_id, revision, limit])


async def below(
    connection: Connection, playlist_id: str, revision: int | None, limit: int
) -> list[Snapshot]:
    """The newest versions, below a revision where one is given, newest first."""
    before = _BEYOND_ALL if revision is None else revision
    return await _found(connection, _BELOW, [playlist_id, before, limit])


async def last_undoable(
    connection: Connection, playlist_id: str, author_id: str
) -> Snapshot | None:
    """The version that ``Writing.last_undoable`` promises."""
    return _first(await _found(connection, _LAST_UNDOABLE, [playlist_id, author_id]))


async def last_redoable(
    connection: Connection, playlist_id: str, author_id: str
) -> Snapshot | None:
    """The version that ``Writing.last_redoable`` promises."""
    names = {"playlist_id": playlist_id, "author_id": author_id}
    return _first(await _found(connection, _LAST_REDOABLE, names))


async def insert(
    connection: Connection, playlist_id: str, revision: int, recorded: NewSnapshot, encoded: bytes
) -> None:
    """Store a version and what it says about earlier ones; ``encoded`` is its delta."""
    row = [
        playlist_id,
        revision,
        recorded.snapshot_id,
        recorded.kind.value,
        recorded.author_id,
        instant_of_ms(recorded.created_at_ms),
        recorded.summary,
        len(recorded.content.order),
        recorded.reverts,
        encoded,
    ]
    await connection.execute(_INSERT, row)
    if recorded.undoes is not None:
        await connection.execute(_MARK, [revision, playlist_id, recorded.undoes])
    if recorded.redoes is not None:
        await connection.execute(_MARK, [None, playlist_id, recorded.redoes])


async def insert_copy(
    connection: Connection, playlist_id: str, revision: int, version: Content
) -> None:
    """Store a version as a whole."""
    row = [playlist_id, revision, version.title, version.description, version.order.packed]
    await connection.execute(_INSERT_COPY, row)


def copy_is_due(revisions: int, deltas_bytes: int, version: Content, every: int) -> bool:
    """Whether that much since the last full copy asks for another one.

    A copy is at most twice what it spares, so that the history stays in proportion to its edits.
    """
    most = max(_LEAST_BYTES_BEFORE_COPY, len(version.order.packed) // 2)
    return revisions >= every or deltas_bytes > most


async def _found(
    connection: Connection, statement: str, arguments: Sequence[Any] | dict[str, Any]
) -> list[Snapshot]:
    cursor = await connection.execute(statement.encode(), arguments)
    return [playlist_rows.snapshot_of(row) for row in await cursor.fetchall()]


def _first(snapshots: list[Snapshot]) -> Snapshot | None:
    return snapshots[0] if snapshots else None
