"""The statements on preferences, a row a user, that belong to a change of the user's partition."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from playback_svc.adapters.postgres.preferences_rows import preferences_document
from playback_svc.domain.preferences import Preferences

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


def require(user_id: str, version: int) -> tuple[str, dict[str, Any]]:
    """The statement that holds the row of preferences of that version.

    Whoever changes preferences locks the state first if it changes it; so must who holds them.
    """
    return _HOLD if version else _HOLD_DEFAULTS, {"user_id": user_id, "version": version}


def put(user_id: str, preferences: Preferences) -> tuple[str, dict[str, Any]]:
    """The statement that puts preferences in the place of those of the version before."""
    document = Jsonb(preferences_document(preferences))
    version = preferences.version
    return _KEEP, {"user_id": user_id, "version": version, "preferences": document}
