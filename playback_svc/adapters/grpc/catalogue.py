"""The catalogue as its service tells it, over gRPC."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub

from meshkit.aging import AgingCache
from playback_svc.domain.listing import RECORD, Listing
from playback_svc.domain.plans import Playable
from playback_svc.domain.player_state import Rung, Track

_PLAYABLE_S = 2.0
_ORDER_S = 3.0
_NAMES = 20_000
_NAMES_S = 300.0
_ID_BYTES = 16
_NO_ITEM = bytes(_ID_BYTES)


class CatalogueService:
    """A ``Catalogue`` that asks the catalog service on the user's behalf.

    Names are kept for five minutes: a queue that is looked at again asks nobody.
    """

    def __init__(self, stub: CatalogInternalServiceStub) -> None:
        self._stub = stub
        self._names: AgingCache[str, Track] = AgingCache(_NAMES, _NAMES_S, time.monotonic)

    async def playable(self, track_id: str) -> Playable:
        request = pb.GetPlayableRequest(track_id=track_id)
        answer = await self._stub.GetPlayable(request, timeout=_PLAYABLE_S)
        return Playable(
            track=_track(answer.track),
            descriptor=answer.descriptor_sha256,
            rungs=tuple(Rung(one.rung, one.bitrate) for one in answer.rungs),
        )

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        found, missing = self._names.find(track_ids)
        if missing:
            request = pb.LookupTracksRequest(ids=missing)
            answer = await self._stub.LookupTracks(request, timeout=_ORDER_S)
            for track in map(_track, answer.tracks):
                self._names.keep(track.track_id, track, time.monotonic())
                found[track.track_id] = track
        return found

    async def album(self, album_id: str) -> Listing:
        return await self._order(pb.GetPlayOrderRequest(album_id=album_id))

    async def artist(self, artist_id: str) -> Listing:
        return await self._order(pb.GetPlayOrderRequest(artist_id=artist_id))

    async def _order(self, request: pb.GetPlayOrderRequest) -> Listing:
        answer = await self._stub.GetPlayOrder(request, timeout=_ORDER_S)
        return Listing(b"".join(track_id + _NO_ITEM for track_id in _ids(answer.track_ids)))

    async def artists(self, listing: Listing) -> Sequence[bytes]:
        packed = listing.packed
        records = range(0, len(packed), RECORD.size)
        track_ids = b"".join(packed[at : at + _ID_BYTES] for at in records)
        request = pb.ListTrackArtistsRequest(track_ids=track_ids)
        answer = await self._stub.ListTrackArtists(request, timeout=_ORDER_S)
        return _ids(answer.artist_ids)


def _ids(packed: bytes) -> list[bytes]:
    return [packed[at : at + _ID_BYTES] for at in range(0, len(packed), _ID_BYTES)]


def _track(track: catalog_pb2.Track) -> Track:
    return Track(
        track_id=track.id,
        title=track.title,
        artist=track.artist,
        duration_ms=track.duration_ms,
        premium=track.access == catalog_pb2.Track.PREMIUM,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        artwork_path=track.artwork_path,
    )


CATALOG = pb.DESCRIPTOR.services_by_name["CatalogInternalService"]
