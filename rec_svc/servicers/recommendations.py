"""RecommendationService on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1.recommendation_service_pb2_grpc import RecommendationServiceServicer

from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context
from rec_svc.servicers import recommendation_messages as messages
from rec_svc.usecases.recommendation.get_favorite_artists import GetFavoriteArtists
from rec_svc.usecases.recommendation.set_favorite_artists import SetFavoriteArtists


@dataclass(frozen=True, slots=True)
class RecommendationUseCases:
    """What RecommendationService asks for."""

    get_favorite_artists: GetFavoriteArtists
    set_favorite_artists: SetFavoriteArtists


class RecommendationServicer(RecommendationServiceServicer):
    """Recommendations, for the user who calls."""

    def __init__(self, do: RecommendationUseCases) -> None:
        self._do = do

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
