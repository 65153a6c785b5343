"""Which tracks are in which playlist, in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meshkit.replicas import MemoryReplica, ToldAt, newest_changes
from rec_svc.adapters.memory.events import MemoryEvents
from rec_svc.domain.playlists import Playlist, PlaylistChange, additions


class MemoryPlaylists(MemoryReplica[PlaylistChange]):
    """``Playlists`` and ``PlaylistsReplica`` of one process."""

    def __init__(self, events: MemoryEvents | None = None) -> None:
        super().__init__()
        self.events = events or MemoryEvents()
        self._held: dict[str, tuple[ToldAt, PlaylistChange]] = {}

    async def playlist(self, playlist_id: str) -> Playlist | None:
        held = self._held.get(playlist_id)
        return held[1].playlist if held else None

    async def of_owner(self, owner_id: str) -> Sequence[Playlist]:
        held = (one.playlist for _, (_, one) in sorted(self._held.items()))
        return [one for one in held if one is not None and one.owner_id == owner_id]

    async def erase(self, user_id: str) -> None:
        """Forgets the playlists of a user."""
        for id_, (told_at, one) in list(self._held.items()):
            if one.playlist is not None and one.playlist.owner_id == user_id:
                self._held[id_] = (told_at, replace(one, playlist=None))

    def _store(self, changes: Sequence[PlaylistChange], generation: int) -> None:
        for change in newest_changes(changes):
            told_at = ToldAt(generation, change.version)
            held = self._held.get(change.id)
            if held is not None and held[0] >= told_at:
                continue
            before = held[1].playlist if held else None
            self._take(change, told_at, frozenset(before.track_ids if before else ()))

    def _take(self, change: PlaylistChange, told_at: ToldAt, before: frozenset[str]) -> None:
        erased = change.playlist is not None and change.playlist.owner_id in self.events.erased
        self._held[change.id] = (told_at, replace(change, playlist=None) if erased else change)
        self.events.append(additions(change, before))

    def _drop_untold(self, generation: int) -> None:
        kept = self._held.items()
        self._held = {id_: one for id_, one in kept if one[0].generation >= generation}
