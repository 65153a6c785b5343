"""Playlists that recommendations keep, in memory, for tests."""

from __future__ import annotations

from meshkit.faults import Fault
from meshkit.ulids import new_id
from rec_svc.ports.managed_playlists import ManagedPlaylist


class MemoryManagedPlaylists:
    """``ManagedPlaylists`` of one process; ``versions`` are those of each user, the newest last.

    While ``fault`` is set it is what every put meets.
    """

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.versions: dict[str, list[ManagedPlaylist]] = {}
        self._ids: dict[str, str] = {}

    async def put(self, wanted: ManagedPlaylist) -> str:
        if self.fault is not None:
            raise self.fault
        versions = self.versions.setdefault(wanted.user_id, [])
        if not versions or versions[-1].edition < wanted.edition:
            versions.append(wanted)
        return self._ids.setdefault(wanted.user_id, new_id())
