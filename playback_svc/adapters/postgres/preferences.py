"""The statements on preferences, a row a user, that belong to a change of the user's partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg.types.json import Jsonb

from playback_svc.adapters.postgres.preferences_rows import preferences_document
from playback_svc.ports.player_states import Change

READ = "SELECT version, preferences FROM preferences WHERE user_id = %(user_id)s"
_KEEP = """
INSERT INTO preferences (user_id, version, preferences)
SELECT %(user_id)s, %(version)s, %(preferences)s
WHERE %(version)s = 1 OR EXISTS (SELECT FROM preferences WHERE user_id = %(user_id)s)
ON CONFLICT (user_id) DO UPDATE
SET version = excluded.version, preferences = excluded.preferences
WHERE preferences.version = excluded.version - 1
"""
_HOLD = "SELECT FROM preferences WHERE user_id = %(user_id)s AND version = %(version)s FOR SHARE"
# Where nothing was ever set there is no row to hold: one of version 0 stands for the defaults.
_HOLD_DEFAULTS = """
INSERT INTO preferences (user_id, version, preferences) VALUES (%(user_id)s, 0, '{}')
ON CONFLICT (user_id) DO UPDATE SET version = 0 WHERE preferences.version = 0
"""


def conditions(change: Change) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements that must change, or hold, one row each.

    Whoever changes preferences locks the state first if it changes it; so must who holds them.
    """
    user_id, read = change.user_id, change.preferences_read
    if read is not None:
        yield _HOLD if read else _HOLD_DEFAULTS, {"user_id": user_id, "version": read}
    if change.preferences is not None:
        document = Jsonb(preferences_document(change.preferences))
        version = change.preferences.version
        yield _KEEP, {"user_id": user_id, "version": version, "preferences": document}
