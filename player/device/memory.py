"""What a device remembers over restarts: the last command that it worked off."""

from __future__ import annotations

import json
from pathlib import Path

from meshkit.private_files import write_private


class DeviceMemory:
    """One small file for a user's device. A file that is missing or damaged means: nothing yet."""

    def __init__(self, folder: Path, username: str, device_id: str) -> None:
        self._path = folder / f"{username}@{device_id}.json"
        self._last_applied = self._read()

    @property
    def last_applied(self) -> int:
        """The number of the last command that was worked off; 0: none."""
        return self._last_applied

    def keep(self, number: int) -> None:
        """Remembers a number, lower ones too: a device that was removed counts from 1 again."""
        if number != self._last_applied:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._path, json.dumps({"last_applied": number}).encode())
            self._last_applied = number

    def _read(self) -> int:
        try:
            kept = json.loads(self._path.read_bytes())
            return max(0, int(kept["last_applied"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0
