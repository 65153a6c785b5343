"""RecommendationService on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1.recommendation_service_pb2_grpc import RecommendationServiceServicer

from meshkit.idempotency import request_key
from meshkit.principal import Principal, current_principal
from meshkit.server_context import Context
from rec_svc.servicers import recommendation_messages as messages
from rec_svc.usecases.recommendation.get_discover_weekly import GetDiscoverWeekly
from rec_svc.usecases.recommendation.get_favorite_artists import GetFavoriteArtists
from rec_svc.usecases.recommendation.get_home import GetHome
from rec_svc.usecases.recommendation.list_playlist_recommendations import (
    ListPlaylistRecommendations,
)
from rec_svc.usecases.recommendation.list_similar_artists import ListSimilarArtists
from rec_svc.usecases.recommendation.list_similar_tracks import ListSimilarTracks
from rec_svc.usecases.recommendation.report_shown import ReportShown
from rec_svc.usecases.recommendation.set_favorite_artists import SetFavoriteArtists
from rec_svc.usecases.recommending import Listener

_DEFAULT_LIMIT = 20
_PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class RecommendationUseCases:
    """What RecommendationService asks for."""

    get_home: GetHome
    get_discover_weekly: GetDiscoverWeekly
    get_favorite_artists: GetFavoriteArtists
    set_favorite_artists: SetFavoriteArtists
    list_playlist_recommendations: ListPlaylistRecommendations
    list_similar_artists: ListSimilarArtists
    list_similar_tracks: ListSimilarTracks
    report_shown: ReportShown


class RecommendationServicer(RecommendationServiceServicer):
    """Recommendations, for the user who calls."""

    def __init__(self, do: RecommendationUseCases) -> None:
        self._do = do

    async def GetHome(self, request: pb.GetHomeRequest, context: Context) -> pb.GetHomeResponse:
        return messages.home(await self._do.get_home(listener_of(current_principal())))

    async def GetDiscoverWeekly(
        self, request: pb.GetDiscoverWeeklyRequest, context: Context
    ) -> pb.GetDiscoverWeeklyResponse:
        found = await self._do.get_discover_weekly(listener_of(current_principal()))
        return messages.discover_weekly(found)

    async def GetFavoriteArtists(
        self, request: pb.GetFavoriteArtistsRequest, context: Context
    ) -> pb.GetFavoriteArtistsResponse:
        found = await self._do.get_favorite_artists(current_principal().user_id)
        return pb.GetFavoriteArtistsResponse(
            artists=map(messages.artist, found.artists),
            suggestions=map(messages.artist, found.suggestions),
        )

    async def SetFavoriteArtists(
        self, request: pb.SetFavoriteArtistsRequest, context: Context
    ) -> pb.SetFavoriteArtistsResponse:
        user_id = current_principal().user_id
        key = request_key(request)
        named = await self._do.set_favorite_artists(user_id, request.artist_ids, key)
        return pb.SetFavoriteArtistsResponse(artists=map(messages.artist, named))

    async def ListPlaylistRecommendations(
        self, request: pb.ListPlaylistRecommendationsRequest, context: Context
    ) -> pb.ListPlaylistRecommendationsResponse:
        made = await self._do.list_playlist_recommendations(
            listener_of(current_principal()), request.playlist_id, request.limit or _DEFAULT_LIMIT
        )
        return pb.ListPlaylistRecommendationsResponse(**messages.fields_of(made))

    async def ListSimilarArtists(
        self, request: pb.ListSimilarArtistsRequest, context: Context
    ) -> pb.ListSimilarArtistsResponse:
        found = await self._do.list_similar_artists(
            current_principal().user_id, request.artist_id, request.limit or _DEFAULT_LIMIT
        )
        return pb.ListSimilarArtistsResponse(
            artists=map(messages.artist, found.artists), source=messages.source(found)
        )

    async def ListSimilarTracks(
        self, request: pb.ListSimilarTracksRequest, context: Context
    ) -> pb.ListSimilarTracksResponse:
        made = await self._do.list_similar_tracks(
            listener_of(current_principal()), request.track_id, request.limit or _DEFAULT_LIMIT
        )
        return pb.ListSimilarTracksResponse(**messages.fields_of(made))

    async def ReportShown(
        self, request: pb.ReportShownRequest, context: Context
    ) -> pb.ReportShownResponse:
        await self._do.report_shown(current_principal().user_id, request.shown_ids)
        return pb.ReportShownResponse()


def listener_of(principal: Principal) -> Listener:
    """Who is recommended to; a token tells the plan of when it was issued, Play asks again."""
    return Listener(principal.user_id, premium=principal.tier == _PREMIUM)
