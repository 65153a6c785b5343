"""Forgetting a user whom identity has erased."""

from __future__ import annotations

from playback_svc.ports.positions import PositionStore
from playback_svc.ports.preferences import PreferencesCache
from playback_svc.ports.skips import SkipWindows
from playback_svc.ports.user_records import UserRecords

SESSIONS_AT_ONCE = 500
"""Sessions that are erased in one transaction, at most."""


class PlaybackOfUser:
    """All that playback holds of a user (``meshkit.erasure.UserHolder``).

    The log of sessions goes last: it says which positions and deliveries are the user's, so that
    whoever is interrupted finds them again. Streams end by the user's revocation, which every
    process hears of by itself; presence runs out within two minutes.
    """

    def __init__(
        self,
        records: UserRecords,
        positions: PositionStore,
        preferences: PreferencesCache,
        skips: SkipWindows,
    ) -> None:
        self._records = records
        self._positions = positions
        self._preferences = preferences
        self._skips = skips

    async def erase(self, user_id: str) -> None:
        """Forgets all about a user; called again, it does what is left. Raises Unavailable."""
        await self._records.erase(user_id)
        await self._preferences.erase(user_id)
        await self._skips.erase(user_id)
        while session_ids := await self._records.sessions(user_id, SESSIONS_AT_ONCE):
            await self._positions.erase(session_ids)
            await self._records.erase_sessions(user_id, session_ids)
