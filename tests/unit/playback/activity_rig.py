"""Friends who listen, and views of what they hear, over stores in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from meshkit.principal import Principal, set_principal
from meshkit.streams import OpenStreams
from playback_svc.adapters.memory.clients import MemoryPlaylists, MemoryPositions
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.user_snapshots import MemoryUserSnapshots
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.clients import Friend
from playback_svc.ports.events import SettingsChanged
from playback_svc.streams.activity_views import (
    ActivityView,
    ActivityViews,
)
from playback_svc.usecases.activity import ActivityReader, FriendListening, ListActivity
from playback_svc.usecases.decisions import playback_changed
from tests.contracts.playback.samples import NOW, new_id, playing

SHARES = Preferences(share_activity=True, version=1)


class Metrics:
    """Counts streams."""

    held = 0

    def count_streams(self, kind: str, difference: int) -> None:
        assert kind == "activity"
        self.held += difference


@dataclass
class Rig:
    """A user with friends, and one instance that holds views."""

    now: int = NOW
    user: str = field(default_factory=new_id)
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    playlists: MemoryPlaylists = field(default_factory=MemoryPlaylists)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731
        self.others = MemoryUserSnapshots(self.store)
        activity_reader = ActivityReader(self.others, self.positions, clock)
        self.list = ListActivity(self.playlists, activity_reader)
        metrics: Any = Metrics()
        self.open_streams = OpenStreams(None, spread_s=1, clock=lambda: self.now / 1000)
        self.views = ActivityViews(
            self.playlists,
            activity_reader,
            self.events,
            streams=self.open_streams,
            metrics=metrics,
            clock=clock,
        )
        self.events.listen(self.views.handle_event, self.views.handle_gap)
        rights = frozenset({"playback"})
        set_principal(Principal(self.user, "sid", "free", rights, NOW / 1000 + 300, "token"))
        self.holder = Principal(self.user, "sid", "free", frozenset(), NOW / 1000 + 300, "token")

    def befriends(self, *user_ids: str) -> None:
        self.playlists.followed[self.user] = [Friend(one, f"name {one}") for one in user_ids]

    def friend(self, state: PlayerState | None = None, **preferences: Any) -> str:
        user_id = new_id()
        self.store.states[user_id] = state or playing(now=self.now)
        self.store.preferences[user_id] = replace(SHARES, **preferences)
        return user_id

    def becomes(self, user_id: str, state: PlayerState, *, told: bool = True) -> None:
        self.store.states[user_id] = state
        if told:
            self.events.send(playback_changed(user_id, state))

    def prefers(self, user_id: str, *, told: bool = True, **changed: Any) -> None:
        held = self.store.preferences[user_id]
        self.store.preferences[user_id] = replace(held, version=held.version + 1, **changed)
        if told:
            self.events.send(SettingsChanged(user_id))

    async def opened(self) -> ActivityView:
        view = self.views.open(self.holder)
        await self.views.first(view)
        return view


def told(view: ActivityView) -> list[FriendListening]:
    """What the view would tell now."""
    found = []
    while event := view.take():
        found.append(event)
    return found


def brief(view: ActivityView) -> list[tuple[str, bool | None]]:
    """Who is told of and whether they play; None: hidden."""
    return [
        (event.friend.user_id, event.listening.playing if event.listening else None)
        for event in told(view)
    ]
