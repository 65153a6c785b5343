"""``CatalogInternalService``: what the other services of the mesh ask of the catalogue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

import structlog

from catalog_svc.domain.catalogue import (
    SILENT_ALBUM,
    SILENT_ARTIST,
    Album,
    Artist,
    Playable,
    Streamable,
    Track,
    TrackState,
)
from catalog_svc.ports.catalogue import Catalogue, CatalogueSnapshot, Playables
from catalog_svc.ports.plays import PlayOrders
from catalog_svc.ports.preparation import DescriptorLost, Descriptors
from catalog_svc.usecases.not_found import not_found_error, require_album, require_artist
from meshkit.aging import AgingCache
from meshkit.faults import FailedPrecondition, InvalidArgument, Unavailable
from meshkit.feed_steps import listed_then_changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed

MOST_TRACKS = 10_000
"""Tracks in one order of playing."""

Sizes = tuple[int, ...]
"""Bytes of the rungs of a descriptor, in its order."""

_log = structlog.get_logger()
_RETRY_AFTER_S = 1.0
_CACHED_SIZES = 20_000
_CACHED_S = 86_400.0
_READS_AT_ONCE = 32
_LISTED = frozenset({"artist", "album", "track"})
_TOLD = _LISTED | {SILENT_ARTIST, SILENT_ALBUM}


class GetPlayable:
    """What playback needs in order to start a track."""

    def __init__(self, playables: Playables) -> None:
        self._playables = playables

    async def __call__(self, track_id: str) -> Playable:
        """The track and its newest descriptor.

        Raises ``NotFound``; ``FailedPrecondition`` (AUDIO_UNDECODABLE) for a track whose file
        cannot be streamed; ``Unavailable`` (TRACK_NOT_READY) for one that is on its way, which
        goes before all others from now on.
        """
        found = await self._playables.playable(track_id)
        if found is None:
            raise not_found_error("track", track_id)
        if found.track.state is TrackState.FAILED:
            raise FailedPrecondition(
                f"The track's file cannot be streamed: {found.failure}.",
                reason="AUDIO_UNDECODABLE",
                metadata={"file": found.file},
            )
        if not found.descriptor:
            await self._playables.prioritize(found.track.id)
            raise Unavailable(
                "The track is still being prepared for streaming; it goes first now.",
                reason="TRACK_NOT_READY",
                metadata={"track_id": found.track.id},
                retry_after_s=_RETRY_AFTER_S,
            )
        return found


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """The ids of tracks in the order of playing, and what they are called together."""

    title: str
    track_ids: Sequence[str]


class ReadPlayOrders:
    """Orders for whoever plays them. What is not there is ``NotFound``."""

    def __init__(self, catalogue: Catalogue, orders: PlayOrders) -> None:
        self._catalogue = catalogue
        self._orders = orders

    async def get_play_order(self, *, album_id: str, artist_id: str) -> PlayOrder:
        """The tracks of an album or of an artist, of which exactly one is given.

        Tracks whose files were refused are left out: nobody can play them.
        """
        if bool(album_id) == bool(artist_id):
            field = "artist_id" if album_id else "album_id"
            raise InvalidArgument.field(field, "give one of album_id and artist_id")
        if album_id:
            album = await require_album(self._catalogue, album_id)
            found = await self._orders.album_order(album_id, limit=MOST_TRACKS)
            return PlayOrder(album.title, found)
        artist = await require_artist(self._catalogue, artist_id)
        found = await self._orders.artist_order(artist_id, limit=MOST_TRACKS)
        return PlayOrder(artist.name, found)

    async def list_track_artists(self, track_ids: Sequence[str]) -> Sequence[str]:
        """The artist of each track, in the same order; empty for an unknown track."""
        return await self._orders.artist_ids(track_ids)


class LookupNames:
    """Tracks, albums and artists by ids that another service keeps; unknown ids are left out."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def lookup_tracks(self, ids: Sequence[str]) -> list[Track]:
        """The tracks among these ids, each under the id that was asked for, in no order."""
        return await self._catalogue.tracks_of(set(ids))

    async def lookup_albums(self, ids: Sequence[str]) -> list[Album]:
        """The albums among these ids, in no order."""
        return await self._catalogue.albums_of(set(ids))

    async def lookup_artists(self, ids: Sequence[str]) -> list[Artist]:
        """The artists among these ids, in no order."""
        return await self._catalogue.artists_of(set(ids))


class LookupAssets:
    """Tracks that can be streamed, with the sizes of their rungs.

    Sizes are those of the descriptor, which never changes: each is read once and cached.
    """

    def __init__(self, playables: Playables, descriptors: Descriptors) -> None:
        self._playables = playables
        self._descriptors = descriptors
        self._sizes: AgingCache[str, Sizes] = AgingCache(_CACHED_SIZES, _CACHED_S, time.monotonic)

    async def __call__(self, track_ids: Collection[str]) -> list[tuple[Streamable, Sizes]]:
        """Those of the tracks that have a READY rung, in no order.

        One whose descriptor is lost has nothing that could be fetched, and is left out.
        """
        found = await self._playables.streamable(set(track_ids))
        sizes, missing = self._sizes.find([one.descriptor for one in found])
        slots = asyncio.Semaphore(_READS_AT_ONCE)
        read = await asyncio.gather(*(self._read(descriptor, slots) for descriptor in missing))
        sizes |= {name: told for name, told in zip(missing, read, strict=True) if told is not None}
        return [(one, sizes[one.descriptor]) for one in found if one.descriptor in sizes]

    async def _read(self, descriptor: str, slots: asyncio.Semaphore) -> Sizes | None:
        """What the rungs weigh; None for a descriptor that is lost."""
        try:
            async with slots:
                asset = await self._descriptors.asset(descriptor)
        except DescriptorLost:
            _log.warning("asset_descriptor_lost", descriptor=descriptor)
            return None
        sizes = tuple(rung.size for rung in asset.rungs)
        self._sizes.keep(descriptor, sizes, time.monotonic())
        return sizes


class WatchChanges:
    """All that there is, then the feed, change by change."""

    def __init__(self, feed: ChangeFeed, snapshot: CatalogueSnapshot) -> None:
        self._feed = feed
        self._snapshot = snapshot

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        ``meshkit.feed_steps`` says what comes when.
        """
        steps = listed_then_changed(self._feed, token, self._everything, _told, stop=stop)
        async for step in steps:
            yield step

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[Change]:
        async for changes in self._snapshot.everything(_LISTED):
            for change in changes:
                yield change
            if stop.is_set():
                return


async def _told(changes: tuple[Change, ...]) -> AsyncIterator[Change]:
    for change in changes:
        if change.entity in _TOLD:
            yield change
