"""The catalogue on the wire for the other services of the mesh."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceServicer

from catalog_svc import convert
from catalog_svc.usecases.catalog_internal import (
    GetPlayable,
    LookupAssets,
    LookupNames,
    ReadPlayOrders,
    WatchChanges,
)
from meshkit.server_context import Context
from meshkit.streams import OpenStreams


class CatalogInternalServicer(CatalogInternalServiceServicer):
    """``CatalogInternalService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self,
        *,
        get_playable: GetPlayable,
        play_orders: ReadPlayOrders,
        lookup_names: LookupNames,
        lookup_assets: LookupAssets,
        watch_changes: WatchChanges,
        streams: OpenStreams,
    ) -> None:
        self._get_playable = get_playable
        self._play_orders = play_orders
        self._lookup_names = lookup_names
        self._lookup_assets = lookup_assets
        self._watch_changes = watch_changes
        self._streams = streams

    async def GetPlayOrder(
        self, request: pb.GetPlayOrderRequest, context: Context
    ) -> pb.GetPlayOrderResponse:
        found = await self._play_orders.get_play_order(
            album_id=request.album_id, artist_id=request.artist_id
        )
        track_ids = convert.packed_ids(found.track_ids)
        return pb.GetPlayOrderResponse(track_ids=track_ids, title=found.title)

    async def ListTrackArtists(
        self, request: pb.ListTrackArtistsRequest, context: Context
    ) -> pb.ListTrackArtistsResponse:
        track_ids = convert.unpacked_ids("track_ids", request.track_ids)
        found = await self._play_orders.list_track_artists(track_ids)
        return pb.ListTrackArtistsResponse(artist_ids=convert.packed_ids(found))

    async def GetPlayable(
        self, request: pb.GetPlayableRequest, context: Context
    ) -> pb.GetPlayableResponse:
        found = await self._get_playable(request.track_id)
        return pb.GetPlayableResponse(
            track=convert.track(found.track),
            descriptor_sha256=found.descriptor,
            rungs=[
                pb.GetPlayableResponse.RungRate(rung=name, bitrate=kbps)
                for name, kbps in found.rungs
            ],
        )

    async def LookupTracks(
        self, request: pb.LookupTracksRequest, context: Context
    ) -> pb.LookupTracksResponse:
        found = await self._lookup_names.lookup_tracks(request.ids)
        return pb.LookupTracksResponse(tracks=map(convert.track, found))

    async def LookupAlbums(
        self, request: pb.LookupAlbumsRequest, context: Context
    ) -> pb.LookupAlbumsResponse:
        found = await self._lookup_names.lookup_albums(request.ids)
        return pb.LookupAlbumsResponse(albums=map(convert.album, found))

    async def LookupArtists(
        self, request: pb.LookupArtistsRequest, context: Context
    ) -> pb.LookupArtistsResponse:
        found = await self._lookup_names.lookup_artists(request.ids)
        return pb.LookupArtistsResponse(artists=map(convert.artist, found))

    async def LookupAssets(
        self, request: pb.LookupAssetsRequest, context: Context
    ) -> pb.LookupAssetsResponse:
        found = await self._lookup_assets(request.track_ids)
        return pb.LookupAssetsResponse(assets=(convert.sized(*one) for one in found))

    def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Context
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        return self._streams.feed(
            pb.WatchChangesResponse,
            self._watch_changes,
            convert.change,
            resume_token=request.resume_token,
        )
