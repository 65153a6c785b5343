"""The catalogue's tracks in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from meshkit.replicas import MemoryReplica, ToldAt
from rec_svc.domain.tracks import Artist, Track
from rec_svc.ports.tracks import TrackChange


class MemoryTracks(MemoryReplica[TrackChange]):
    """``Tracks`` and ``TracksReplica`` of one process."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, tuple[ToldAt, TrackChange]] = {}

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        there = self._there()
        return {id_: there[id_][0] for id_ in track_ids if id_ in there}

    async def of_artists(self, artist_ids: Collection[str], limit: int) -> Sequence[Track]:
        found = [one for one, _ in self._there().values() if one.artist_id in artist_ids]
        return sorted(found, key=_newest, reverse=True)[:limit]

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        newest = await self.of_artists(artist_ids, len(self._held))
        return {one.artist_id: Artist(one.artist_id, one.artist) for one in reversed(newest)}

    async def popular(self, limit: int, but: Collection[str] = ()) -> Sequence[Track]:
        there = [one for id_, one in self._there().items() if id_ not in but]
        ranked = sorted(there, key=lambda one: (one[1], _newest(one[0])), reverse=True)
        return [track for track, _ in ranked[:limit]]

    async def of_genres(self, genres: Collection[str], limit: int) -> Sequence[Track]:
        ranked = await self.popular(len(self._held))
        found: list[Track] = []
        for genre in sorted(set(genres) - {""}):
            found += [one for one in ranked if one.genre == genre][:limit]
        return found

    async def page(self, after: str, limit: int) -> Sequence[Track]:
        return [one for id_, (one, _) in sorted(self._there().items()) if id_ > after][:limit]

    def _there(self) -> dict[str, tuple[Track, int]]:
        """The tracks that there are, with their streams."""
        told = (change for _, change in self._held.values())
        return {one.id: (one.track, one.streams) for one in told if one.track is not None}

    def _store(self, changes: Sequence[TrackChange], generation: int) -> None:
        for change in changes:
            told_at = ToldAt(generation, change.version)
            held = self._held.get(change.id)
            if held is None or held[0] < told_at:
                self._held[change.id] = (told_at, change)

    def _drop_untold(self, generation: int) -> None:
        for id_, (told_at, _) in list(self._held.items()):
            if told_at.generation < generation:
                del self._held[id_]


def _newest(track: Track) -> tuple[int, str]:
    return track.added_at_ms, track.id
