"""Live views: who looks at a user's playback is shown every change, the newest where many come."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random

import structlog

from meshkit.faults import Unavailable
from meshkit.principal import Principal
from meshkit.stream_ends import HeldStream
from meshkit.streams import HeldStreams, OpenStreams
from playback_svc.domain.player_state import Version
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import Event, EventBus, PlaybackChanged
from playback_svc.ports.metrics import Metrics
from playback_svc.ports.user_snapshots import UserSnapshots
from playback_svc.usecases.playback.get_playback import GetPlayback, Playing

TICK_S = 0.25
WOKEN_A_TICK = 50
CHECKED_EVERY_S = 60.0
_CHECKED_TOGETHER = 500
_JITTER = 0.1
_RETRY_S = 5.0
_NOTHING = Version(0, 0)

_log = structlog.get_logger("playback")


class PlaybackView(HeldStream):
    """One who looks. ``shown`` is what was shown last; ``behind`` says that there may be more."""

    __slots__ = ("behind", "shown", "watched")

    def __init__(self, holder: Principal) -> None:
        super().__init__(holder)
        self.watched = False
        self.behind = True
        self.shown = _NOTHING

    def mark_behind(self) -> None:
        """There may be something new to see."""
        self.behind = True
        self.nudge()


class PlaybackViews:
    """The live views that this process holds.

    Events may be lost, so what the views show is compared with the store once a minute, too.
    """

    def __init__(
        self,
        get_playback: GetPlayback,
        snapshots: UserSnapshots,
        events: EventBus,
        *,
        streams: OpenStreams,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._get_playback = get_playback
        self._snapshots = snapshots
        self._events = events
        self._clock = clock
        self.held: HeldStreams[PlaybackView] = HeldStreams("view", streams, metrics.count_streams)
        self._doubted: dict[PlaybackView, None] = {}
        self._missed = asyncio.Event()

    async def open(self, holder: Principal) -> PlaybackView:
        """A view; give it back to :meth:`close`. Raises ResourceExhausted."""
        view = PlaybackView(holder)
        self.held.add(view)
        try:
            view.watched = True
            await self._events.watch(holder.user_id)
        except BaseException:
            self.close(view)
            raise
        return view

    def close(self, view: PlaybackView) -> None:
        """Lets go of a view."""
        self.held.remove(view)
        self._doubted.pop(view, None)
        if view.watched:
            self._events.unwatch(view.holder.user_id)

    async def first(self, view: PlaybackView) -> Playing | None:
        """What plays now; None where nothing was ever played. Raises Unavailable."""
        view.behind = False
        playing = await self._get_playback(view.holder.user_id, view.holder.tier)
        if playing is not None:
            view.shown = _lasting(playing)
        return playing

    async def newer(self, view: PlaybackView) -> Playing | None:
        """What plays now, if it was not shown; to be asked while ``behind``.

        Fails OPEN: where that cannot be read, the view is looked after again soon.
        """
        shown = view.shown
        try:
            playing = await self.first(view)
        except Unavailable as fault:
            _log.warning("playback not shown", reason=fault.reason)
            self._doubted[view] = None
            return None
        # An older one is never shown after a newer one: stores may lag behind events.
        if playing is None or playing.state.version <= shown:
            view.shown = max(view.shown, shown)
            return None
        return playing

    def handle_event(self, event: Event) -> None:
        """Events of a user with views here. Never raises."""
        if not isinstance(event, PlaybackChanged):
            return
        for view in self.held.of_user(event.user_id):
            if event.version > view.shown:
                view.mark_behind()

    def handle_gap(self) -> None:
        """Events may have been missed: what the views show is compared with the store soon."""
        self._missed.set()

    async def check(self) -> None:
        """Has every view look again that shows less than is stored. Raises Unavailable."""
        users = iter(list(dict.fromkeys(view.holder.user_id for view in self.held)))
        while chunk := list(itertools.islice(users, _CHECKED_TOGETHER)):
            for user_id, version in (await self._snapshots.versions(chunk)).items():
                for view in self.held.of_user(user_id):
                    if version > view.shown:
                        self._doubted[view] = None

    async def keep_checked(self) -> None:
        """Check every minute, and when events may have been missed, until cancelled.

        Fails OPEN: where the store cannot tell, it is asked again soon.
        """
        after_s = CHECKED_EVERY_S
        while True:
            wait_s = after_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._missed.wait(), wait_s)
            self._missed.clear()
            try:
                await self.check()
                after_s = CHECKED_EVERY_S
            except Unavailable as fault:
                _log.warning("live views not checked", reason=fault.reason)
                after_s = _RETRY_S

    async def run(self) -> None:
        """See to the views in doubt, until cancelled."""
        task = asyncio.current_task()
        while task is None or not task.cancelling():
            await asyncio.sleep(TICK_S)
            for view in list(itertools.islice(self._doubted, WOKEN_A_TICK)):
                del self._doubted[view]
                view.mark_behind()


def _lasting(playing: Playing) -> Version:
    """The version below which nothing can be new any more.

    Another change may yet become the version of what is only derived.
    """
    version = playing.state.version
    return Version(version.epoch, version.revision - 1) if playing.derived else version
