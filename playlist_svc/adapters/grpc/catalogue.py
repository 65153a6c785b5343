"""The catalogue as its service tells it, over gRPC: tracks by id, and what changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from segue.catalog.v1 import catalog_internal_service_pb2, catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub

from meshkit.consuming import Watch, watching
from meshkit.ulids import is_ulid
from playlist_svc.adapters.grpc.names import album_of, artist_of
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange, CatalogueChange
from playlist_svc.ports.tracks import Track, TrackChange

CATALOG = catalog_internal_service_pb2.DESCRIPTOR.services_by_name["CatalogInternalService"]

_BATCH = 500
_PARALLEL = 4
_BATCH_S = 3.0


class CatalogueService:
    """A ``Catalogue`` that asks the catalog service."""

    def __init__(self, stub: CatalogInternalServiceStub) -> None:
        self._stub = stub

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        slots = asyncio.Semaphore(_PARALLEL)
        asked = list(filter(is_ulid, track_ids))
        batches = [asked[at : at + _BATCH] for at in range(0, len(asked), _BATCH)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._batch(batch, slots)) for batch in batches]
        except ExceptionGroup as failed:
            # One of them stands for all; the others only say the same or were cancelled.
            raise failed.exceptions[0] from failed
        return [track for task in tasks for track in task.result()]

    async def _batch(self, track_ids: Sequence[str], slots: asyncio.Semaphore) -> list[Track]:
        request = catalog_internal_service_pb2.LookupTracksRequest(ids=track_ids)
        async with slots:
            answer = await self._stub.LookupTracks(request, timeout=_BATCH_S)
        return [track_of(track) for track in answer.tracks if not _refused(track)]

    @property
    def changes(self) -> Watch[CatalogueChange]:
        """The catalogue's feed."""
        request = catalog_internal_service_pb2.WatchChangesRequest
        return watching(self._stub.WatchChanges, request, change_of)


def change_of(step: catalog_internal_service_pb2.WatchChangesResponse) -> CatalogueChange | None:
    """What a step tells; None where it moves on alone, or says that an album or artist is gone.

    A track whose file was refused is told as removed: nobody will ever hear it.
    """
    if step.HasField("track"):
        track = None if _refused(step.track) else track_of(step.track)
        return TrackChange(step.track.id, step.version, track)
    if step.HasField("album"):
        return AlbumChange(step.version, album_of(step.album))
    if step.HasField("artist"):
        return ArtistChange(step.version, artist_of(step.artist))
    if step.HasField("removed") and step.removed.kind == step.removed.TRACK:
        return TrackChange(step.removed.id, step.version, None)
    return None


def _refused(track: catalog_pb2.Track) -> bool:
    return track.state == catalog_pb2.Track.FAILED


def track_of(track: catalog_pb2.Track) -> Track:
    """A track as the copy keeps it."""
    return Track(
        track_id=track.id,
        title=track.title,
        artist=track.artist,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        disc_number=track.disc_number,
        track_number=track.track_number,
        duration_ms=track.duration_ms,
        year=track.year,
        genres=tuple(track.genres),
        streams_total=int(track.streams_total),
        artwork_path=track.artwork_path,
        created_at_ms=track.created_at.ToMilliseconds(),
    )
