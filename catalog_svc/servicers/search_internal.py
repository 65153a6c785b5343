"""``SearchInternalService`` on the wire."""

from __future__ import annotations

from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import SearchInternalServiceServicer

from catalog_svc.domain.matching import Description
from catalog_svc.usecases.search_internal import MatchTracks
from meshkit.server_context import Context

_Matches = pb.MatchTracksResponse


class SearchInternalServicer(SearchInternalServiceServicer):
    """Matches descriptions of recordings over the index of this instance."""

    def __init__(self, match_tracks: MatchTracks) -> None:
        self._match_tracks = match_tracks

    async def MatchTracks(
        self, request: pb.MatchTracksRequest, context: Context
    ) -> pb.MatchTracksResponse:
        matched = await self._match_tracks([_description(one) for one in request.descriptions])
        return _Matches(
            results=[
                _Matches.Result(match=_Matches.Match.ValueType(one.match), track_id=one.track_id)
                for one in matched
            ]
        )


def _description(said: pb.MatchTracksRequest.Description) -> Description:
    return Description(said.title, said.artist, said.album, max(0, said.duration_ms))
