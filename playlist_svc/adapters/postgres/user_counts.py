"""The row of each user that counts what the user has, and guards every change of it.

Lock order: ``user_counts`` by rising user id, all of a transaction at once, then
``artist_followers`` by rising artist id.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from meshkit.clock import instant_of_us
from meshkit.postgres import Connection

NEWEST = datetime(9999, 12, 31, tzinfo=UTC)
"""Later than every time that is kept."""

_ADD = """
INSERT INTO user_counts (user_id)
SELECT user_id FROM unnest(%s::text[]) AS asked (user_id) ORDER BY user_id COLLATE "C"
ON CONFLICT DO NOTHING
"""
# Nothing but the lock: what the statement that waits for it would read beside is old.
_HOLD = """
SELECT user_id FROM user_counts WHERE user_id = ANY(%s) ORDER BY user_id FOR UPDATE
"""
_DROP_EMPTY = """
DELETE FROM user_counts
WHERE user_id = %s AND (playlists, followed_playlists, saved_tracks, saved_albums) = (0, 0, 0, 0)
  AND (following_users, following_artists, followers, blocks, blocked_artists) = (0, 0, 0, 0, 0)
"""


async def hold(connection: Connection, user_ids: Iterable[str]) -> None:
    """Lock the users' rows until the transaction ends. Call once, before any other statement."""
    wanted = sorted(set(user_ids))
    held = -1
    # A row that is erased between the two statements has to be added again.
    while held != len(wanted):
        await connection.execute(_ADD, [wanted])
        held = len(await (await connection.execute(_HOLD, [wanted])).fetchall())


async def drop_empty(connection: Connection, user_id: str) -> None:
    """Forget a user's row that counts nothing any more."""
    await connection.execute(_DROP_EMPTY, [user_id])


def place(after: tuple[int, str] | None) -> dict[str, object]:
    """The arguments ``at`` and ``id`` of a list by falling time and id."""
    return {"at": instant_of_us(after[0]), "id": after[1]} if after else {"at": NEWEST, "id": ""}
