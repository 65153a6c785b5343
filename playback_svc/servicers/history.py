"""HistoryService on the wire."""

from __future__ import annotations

from segue.playback.v1 import history_service_pb2 as pb
from segue.playback.v1.history_service_pb2_grpc import HistoryServiceServicer

from meshkit.paging import Page, SortKey, foreign_token
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.ulids import is_ulid
from playback_svc import convert
from playback_svc.usecases.history import HistoryEntry, ListHistory


class HistoryServicer(HistoryServiceServicer):
    """The plays of the calling user."""

    def __init__(self, list_history: ListHistory) -> None:
        self._list_history = list_history

    async def ListHistory(
        self, request: pb.ListHistoryRequest, context: Context
    ) -> pb.ListHistoryResponse:
        page = Page.of(request)
        found = await self._list_history(
            current_principal().user_id, _after(page), page.size + 1, distinct=request.distinct
        )
        shown, token = page.cut(found, _key)
        entries = [
            pb.HistoryEntry(play=convert.play(one.play), track=convert.track_summary(one.track))
            for one in shown
        ]
        return pb.ListHistoryResponse(entries=entries, next_page_token=token)


def _key(entry: HistoryEntry) -> SortKey:
    return (entry.play.play_id,)


def _after(page: Page) -> str | None:
    """The play that the page comes after. PageTokenInvalid for a token that names none."""
    match page.after:
        case None:
            return None
        case (str(play_id),) if is_ulid(play_id):
            return play_id
        case _:
            raise foreign_token()
