"""Live views of what friends listen to.

Events of a friend only mark that friend. One task of the process looks at all who are marked, each
once for all views and some at a time, and offers what it saw to the views. Events may be lost, so
whoever is not marked is in doubt now and then, and looked at when no events wait.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence

import structlog

from meshkit.alarms import Alarms
from meshkit.faults import Fault, Unavailable
from meshkit.principal import Principal
from meshkit.stream_ends import HeldStream
from meshkit.streams import HeldStreams, OpenStreams
from playback_svc.domain.activity import Listening
from playback_svc.ports.clients import Friend, Friends
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import Event, EventBus, PlaybackChanged, SettingsChanged
from playback_svc.ports.metrics import Metrics
from playback_svc.usecases.activity import (
    MOST_FRIENDS,
    ActivityReader,
    ActivitySnapshot,
    ActivityVersion,
    FriendListening,
    order_activity,
)

TICK_S = 0.1
LOOKED_A_TICK = 200
REFRESHED_EVERY_S = 30.0
MOST_FAILURES = 1
"""So many refreshes of a view in a row may fail; after one more nobody is shown any longer."""
_JITTER = 0.1

_log = structlog.get_logger("playback")


class ActivityView(HeldStream):
    """One who looks at friends.

    ``due`` says that the list of friends is to be asked again, ``failures`` how often in a row
    that failed, and ``lost`` that it is given up: the view is to end once all was told.
    """

    __slots__ = ("_looked", "_told", "_waiting", "due", "failures", "friends", "lost")

    def __init__(self, holder: Principal) -> None:
        super().__init__(holder)
        self.friends: dict[str, Friend] = {}
        self.due = False
        self.failures = 0
        self.lost = False
        self._looked: dict[str, ActivityVersion] = {}
        self._told: dict[str, Listening] = {}
        self._waiting: dict[str, FriendListening] = {}

    def add_friend(self, friend: Friend) -> None:
        """Someone is a friend."""
        self.friends[friend.user_id] = friend

    def remove_friend(self, user_id: str) -> None:
        """Someone is a friend no more: shown, if at all, as hidden."""
        friend = self.friends.pop(user_id)
        self._looked.pop(user_id, None)
        self._tell(FriendListening(friend, None))

    def offer(self, user_id: str, read: ActivitySnapshot) -> None:
        """A look at a friend; one older than that before says nothing new."""
        friend = self.friends.get(user_id)
        looked = self._looked.get(user_id)
        if friend is None or (looked is not None and read.stamp < looked):
            return
        self._looked[user_id] = read.stamp
        self._tell(FriendListening(friend, read.listening))

    def _tell(self, event: FriendListening) -> None:
        user_id = event.friend.user_id
        if event.listening == self._told.get(user_id):
            self._waiting.pop(user_id, None)
        else:
            self._waiting[user_id] = event
            self.nudge()

    def request_refresh(self) -> None:
        """The list of friends may have changed."""
        self.due = True
        self.nudge()

    def take(self) -> FriendListening | None:
        """The next to be told, the newest of its friend; None where all was told."""
        if not self._waiting:
            return None
        user_id = next(iter(self._waiting))
        event = self._waiting.pop(user_id)
        if event.listening is None:
            del self._told[user_id]
        else:
            self._told[user_id] = event.listening
        return event


class ActivityViews:
    """The views of friends that this process holds."""

    def __init__(
        self,
        friends: Friends,
        activity_reader: ActivityReader,
        events: EventBus,
        *,
        streams: OpenStreams,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._friends = friends
        self._reader = activity_reader
        self._events = events
        self._clock = clock
        self.held: HeldStreams[ActivityView] = HeldStreams(
            "activity", streams, metrics.count_streams
        )
        self._by_friend: dict[str, dict[ActivityView, None]] = {}
        self._marked: dict[str, None] = {}
        self._doubted: dict[str, None] = {}
        self._refreshing: Alarms[ActivityView] = Alarms(clock() / 1000)

    def open(self, holder: Principal) -> ActivityView:
        """A view; give it back to :meth:`close`. Raises ResourceExhausted."""
        view = ActivityView(holder)
        self.held.add(view)
        return view

    def close(self, view: ActivityView) -> None:
        """Lets go of a view."""
        for user_id in tuple(view.friends):
            self._unfollow(view, user_id)
        self._refreshing.off(view)
        self.held.remove(view)

    async def first(self, view: ActivityView) -> None:
        """Has everything told that the friends of the calling user share. Raises Unavailable."""
        friends = await self._friends.friends(MOST_FRIENDS)
        await self._follow(view, friends)
        looks = await self._reader.read(view.friends)
        ordered = [one.friend.user_id for one in order_activity(friends, looks)]
        for user_id in dict.fromkeys((*ordered, *looks)):
            view.offer(user_id, looks[user_id])
        self._await_refresh(view)

    async def refresh(self, view: ActivityView) -> None:
        """Asks for the friends of the calling user again.

        Fails CLOSED, the second time in a row: who has blocked the user meanwhile is not known
        then, so everyone is hidden and the view is ``lost``.
        """
        view.due = False
        try:
            friends = await self._friends.friends(MOST_FRIENDS)
        except Fault as fault:
            _log.warning("friends not asked for", reason=fault.reason)
            view.failures += 1
            if view.failures > MOST_FAILURES:
                self._give_up(view)
                return
        else:
            view.failures = 0
            await self._set_friends(view, friends)
        # Events can be lost: of who begins to play as of who wants to be hidden.
        self._doubted.update(dict.fromkeys(view.friends))
        self._await_refresh(view)

    def _give_up(self, view: ActivityView) -> None:
        for user_id in tuple(view.friends):
            self._unfollow(view, user_id)
        view.lost = True

    async def _set_friends(self, view: ActivityView, friends: Sequence[Friend]) -> None:
        known = {friend.user_id for friend in friends}
        for user_id in [one for one in view.friends if one not in known]:
            self._unfollow(view, user_id)
        gained = [friend for friend in friends if friend.user_id not in view.friends]
        await self._follow(view, gained)
        self._marked.update(dict.fromkeys(friend.user_id for friend in gained))

    async def _follow(self, view: ActivityView, friends: Sequence[Friend]) -> None:
        await asyncio.gather(*(self._watch(view, friend) for friend in friends))

    async def _watch(self, view: ActivityView, friend: Friend) -> None:
        # Up to where the events wait, this is one step: close() gives back what was begun.
        if friend.user_id not in view.friends:
            view.add_friend(friend)
            self._by_friend.setdefault(friend.user_id, {})[view] = None
            await self._events.watch(friend.user_id)

    def _unfollow(self, view: ActivityView, user_id: str) -> None:
        view.remove_friend(user_id)
        views = self._by_friend[user_id]
        del views[view]
        if not views:
            del self._by_friend[user_id]
            self._marked.pop(user_id, None)
            self._doubted.pop(user_id, None)
        self._events.unwatch(user_id)

    def handle_event(self, event: Event) -> None:
        """Events of a user who may be someone's friend here. Never raises."""
        if (
            isinstance(event, PlaybackChanged | SettingsChanged)
            and event.user_id in self._by_friend
        ):
            self._marked[event.user_id] = None

    def handle_gap(self) -> None:
        """Events may have been missed: every friend is looked at again, some at a time."""
        self._doubted.update(dict.fromkeys(self._by_friend))

    async def run(self) -> None:
        """Look at friends of whom there are events until cancelled."""
        task = asyncio.current_task()
        while task is None or not task.cancelling():
            await asyncio.sleep(TICK_S)
            self.tick()
            await self.read_marked()

    def tick(self) -> None:
        """Reminds the views that are to ask for friends again."""
        for view in self._refreshing.ring(self._clock() / 1000):
            view.request_refresh()

    def _await_refresh(self, view: ActivityView) -> None:
        after_s = REFRESHED_EVERY_S * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        self._refreshing.set(view, self._clock() / 1000 + after_s)

    async def read_marked(self) -> None:
        """Looks at some of those who are marked, and then of those in doubt.

        Fails OPEN: where that cannot be read, they stay marked.
        """
        waiting = itertools.islice(itertools.chain(self._marked, self._doubted), LOOKED_A_TICK)
        user_ids = tuple(dict.fromkeys(waiting))
        for user_id in user_ids:
            self._marked.pop(user_id, None)
            self._doubted.pop(user_id, None)
        try:
            looks = await self._reader.read(user_ids)
        except Unavailable as fault:
            _log.warning("friends not looked at", reason=fault.reason, friends=len(user_ids))
            still = (user_id for user_id in user_ids if user_id in self._by_friend)
            self._marked.update(dict.fromkeys(still))
            return
        for user_id, read in looks.items():
            for view in self._by_friend.get(user_id, ()):
                view.offer(user_id, read)
