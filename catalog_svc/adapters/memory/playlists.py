"""Public playlists and artists' followers in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.memory.entities import MemoryEntities
from catalog_svc.domain.playlists import Playlist, PlaylistChange, PlaylistFeedChange
from meshkit.feeds import Change, MemoryChangeFeed
from meshkit.replicas import MemoryReplica, ToldAt


class MemoryPlaylistReplica(MemoryReplica[PlaylistFeedChange]):
    """``PlaylistReplica`` beside the names whose followers it counts."""

    def __init__(self, names: MemoryEntities, feed: MemoryChangeFeed) -> None:
        super().__init__()
        self._names = names
        self._feed = feed
        self._held: dict[str, tuple[ToldAt, Playlist | None, int]] = {}
        self._followers: dict[str, ToldAt] = {}
        self._version = 0

    def changes(self) -> Iterable[Change]:
        """What the feed would say of each public playlist."""
        for _, playlist, version in self._held.values():
            if playlist:
                yield feed_changes.playlist_change(playlist, version)

    def _store(self, changes: Sequence[PlaylistFeedChange], generation: int) -> None:
        for told in changes:
            place = ToldAt(generation, told.version)
            if isinstance(told, PlaylistChange):
                self._replicate(told.id, told.playlist, place)
            else:
                self._set_followers(told.id, told.count, place)

    def _drop_untold(self, generation: int) -> None:
        for key, (place, playlist, _) in list(self._held.items()):
            if place.generation < generation:
                del self._held[key]
                if playlist:
                    self._publish(key, None)
        for artist_id, place in list(self._followers.items()):
            if place.generation < generation:
                del self._followers[artist_id]
                self._count(artist_id, 0)

    def _replicate(self, key: str, playlist: Playlist | None, place: ToldAt) -> None:
        held = self._held.get(key)
        if held is not None and held[0] >= place:
            return
        if playlist != (held[1] if held else None):
            self._publish(key, playlist)
        self._held[key] = (place, playlist, self._version)

    def _publish(self, key: str, playlist: Playlist | None) -> None:
        self._version += 1
        if playlist is None:
            self._feed.append(feed_changes.removal("playlist", key, self._version))
        else:
            self._feed.append(feed_changes.playlist_change(playlist, self._version))

    def _set_followers(self, artist_id: str, count: int, place: ToldAt) -> None:
        held = self._followers.get(artist_id)
        if artist_id not in self._names.artists or (held and held >= place):
            return
        self._followers[artist_id] = place
        self._count(artist_id, count)

    def _count(self, artist_id: str, count: int) -> None:
        artist = self._names.artist(artist_id)
        if artist is not None and artist.followers_count != count:
            followed = replace(artist, followers_count=count, version=artist.version + 1)
            self._names.artists[artist_id] = followed
            self._feed.append(feed_changes.artist_change(followed))
