"""ActivityService on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

from segue.identity.v1.person_pb2 import Person
from segue.playback.v1 import activity_service_pb2 as pb
from segue.playback.v1.activity_service_pb2_grpc import ActivityServiceServicer

from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.stream_ends import unavailable
from meshkit.streams import served
from meshkit.timestamps import timestamp_of_ms
from playback_svc import convert
from playback_svc.streams.activity_views import ActivityView, ActivityViews
from playback_svc.usecases.activity import FriendListening, ListActivity


class ActivityServicer(ActivityServiceServicer):
    """What the friends of the calling user listen to."""

    def __init__(self, list_activity: ListActivity, views: ActivityViews) -> None:
        self._list_activity = list_activity
        self._views = views

    async def ListActivity(
        self, request: pb.ListActivityRequest, context: Context
    ) -> pb.ListActivityResponse:
        return pb.ListActivityResponse(friends=map(_told, await self._list_activity()))

    def WatchActivity(
        self, request: pb.WatchActivityRequest, context: Context
    ) -> AsyncIterator[pb.WatchActivityResponse]:
        steps = partial(self._steps, context)
        return served(pb.WatchActivityResponse, self._opened, steps, self._views.close)

    async def _opened(self) -> ActivityView:
        return self._views.open(current_principal())

    async def _steps(
        self, context: Context, view: ActivityView
    ) -> AsyncGenerator[pb.WatchActivityResponse, None]:
        if view.end is None:
            await self._views.first(view)
        # Who follows nobody may hear nothing for hours, and shall know that the stream stands.
        await context.send_initial_metadata(())
        while view.end is None:
            if event := view.take():
                yield pb.WatchActivityResponse(activity=_told(event))
            elif view.lost:
                view.finish(unavailable())
            elif view.due:
                await self._views.refresh(view)
            else:
                await view.idle()


def _told(event: FriendListening) -> pb.FriendActivity:
    friend, listening = event.friend, event.listening
    user = Person(user_id=friend.user_id, username=friend.username)
    if listening is None:
        return pb.FriendActivity(user=user, hidden=True)
    return pb.FriendActivity(
        user=user,
        track=convert.track_summary(listening.track),
        playing=listening.playing,
        at=timestamp_of_ms(listening.at_ms),
        context=convert.context_ref(listening.context_kind, listening.context_id),
    )
