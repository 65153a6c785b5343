"""Saving tracks and albums, and what is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshkit.idempotency import RequestKey
from playlist_svc.domain.library import Album, SavedPage
from playlist_svc.ports.catalogue_names import CatalogueNames
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.library import Albums, UserCollection
from playlist_svc.ports.tracks import Track, Tracks


@dataclass(frozen=True, slots=True)
class SavedTracks:
    """A part of a user's saved tracks, and what is known of each of them."""

    page: SavedPage[str]
    named: Mapping[str, Track]


class Library:
    """What a user saved. Ids may repeat within a call and count once."""

    def __init__(
        self,
        saved_tracks: UserCollection[str],
        saved_albums: UserCollection[Album],
        tracks: Tracks,
        albums: Albums,
        names: CatalogueNames,
        clock: Clock,
    ) -> None:
        self._saved_tracks = saved_tracks
        self._saved_albums = saved_albums
        self._tracks = tracks
        self._albums = albums
        self._names = names
        self._clock = clock

    async def save_tracks(
        self, user_id: str, track_ids: Sequence[str], key: RequestKey | None = None
    ) -> int:
        """Save tracks; how many were not saved before. Raises NotFound, FailedPrecondition."""
        # A retry is answered whatever became of the tracks since.
        answered = await self._saved_tracks.stored_answer(key)
        if answered is not None:
            return answered
        wanted = list(dict.fromkeys(track_ids))
        await self._tracks.require(wanted)
        return await self._saved_tracks.save(user_id, wanted, self._clock(), key)

    async def remove_saved_tracks(
        self, user_id: str, track_ids: Sequence[str], key: RequestKey | None = None
    ) -> int:
        """Take tracks out; how many were saved."""
        return await self._saved_tracks.remove(user_id, set(track_ids), self._clock(), key)

    async def list_saved_tracks(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> SavedTracks:
        """The saved tracks after a key (time in µs, id), the latest first."""
        page = await self._saved_tracks.page(user_id, after, limit)
        return SavedTracks(page, await self._tracks.named([one.thing for one in page.found]))

    async def check_saved_tracks(self, user_id: str, track_ids: Sequence[str]) -> list[bool]:
        """Whether each is saved, in the order of the question."""
        saved = await self._saved_tracks.among(user_id, set(track_ids))
        return [track_id in saved for track_id in track_ids]

    async def save_albums(
        self, user_id: str, album_ids: Sequence[str], key: RequestKey | None = None
    ) -> int:
        """Save albums; how many were not saved before. Raises NotFound, FailedPrecondition."""
        # A retry is answered whatever became of the albums since.
        answered = await self._saved_albums.stored_answer(key)
        if answered is not None:
            return answered
        wanted = list(dict.fromkeys(album_ids))
        known = await self._albums.require(wanted)
        albums = [known[album_id] for album_id in wanted]
        return await self._saved_albums.save(user_id, albums, self._clock(), key)

    async def remove_saved_albums(
        self, user_id: str, album_ids: Sequence[str], key: RequestKey | None = None
    ) -> int:
        """Take albums out; how many were saved."""
        return await self._saved_albums.remove(user_id, set(album_ids), self._clock(), key)

    async def list_saved_albums(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> SavedPage[Album]:
        """The saved albums after a key (time in µs, id), the latest first, by today's names."""
        page = await self._saved_albums.page(user_id, after, limit)
        known = await self._names.albums([one.thing.album_id for one in page.found])
        return page.with_things(lambda album: known.get(album.album_id, album))

    async def check_saved_albums(self, user_id: str, album_ids: Sequence[str]) -> list[bool]:
        """Whether each is saved, in the order of the question."""
        saved = await self._saved_albums.among(user_id, set(album_ids))
        return [album_id in saved for album_id in album_ids]
