"""Cached preferences in memory, for unit tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from playback_svc.domain.preferences import Preferences


@dataclass
class MemoryPreferences:
    """A ``PreferencesCache``; what is announced is forgotten with ``forget_announced``."""

    kept: dict[str, Preferences] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)

    async def get(self, user_id: str) -> Preferences | None:
        return None if user_id in self.announced else self.kept.get(user_id)

    async def announce(self, user_id: str, version: int) -> None:
        if version > self._version(user_id):
            self.announced[user_id] = version
            self.kept.pop(user_id, None)

    async def put(self, user_id: str, preferences: Preferences) -> None:
        announced = self.announced.get(user_id)
        if preferences.version > self._version(user_id) or preferences.version == announced:
            self.announced.pop(user_id, None)
            self.kept[user_id] = preferences

    async def erase(self, user_id: str) -> None:
        self.announced.pop(user_id, None)
        self.kept.pop(user_id, None)

    def forget_announced(self) -> None:
        """As if a minute went by."""
        self.announced.clear()

    def _version(self, user_id: str) -> int:
        held = self.kept.get(user_id)
        return max(self.announced.get(user_id, -1), held.version if held else -1)
