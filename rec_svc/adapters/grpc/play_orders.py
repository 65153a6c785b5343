"""``PlayOrders`` that asks the playlist service on the user's behalf."""

from __future__ import annotations

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit import ulids
from rec_svc.ports.play_orders import PlayOrder

_ORDER_S = 3.0
# An entry is its track's id and its own.
_ENTRY = 2 * ulids.RAW_SIZE


class PlaylistService:
    """The playlist service, over gRPC."""

    def __init__(self, stub: PlaylistInternalServiceStub) -> None:
        self._stub = stub

    async def of_playlist(self, playlist_id: str) -> PlayOrder:
        request = pb.GetPlayOrderRequest(playlist_id=playlist_id)
        answer = await self._stub.GetPlayOrder(request, timeout=_ORDER_S)
        entries, size = answer.entries, ulids.RAW_SIZE
        track_ids = [
            ulids.to_text(entries[at : at + size]) for at in range(0, len(entries), _ENTRY)
        ]
        return PlayOrder(answer.title, track_ids)
