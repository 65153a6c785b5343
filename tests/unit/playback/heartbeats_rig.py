"""Streams of beats of one user, over stores in memory and a clock that the test drives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from meshkit.principal import Principal
from meshkit.streams import OpenStreams
from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.player_states import Change, PutState
from playback_svc.streams.heartbeat_stream import HeartbeatStream
from playback_svc.streams.heartbeats import Heartbeats
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import playback_changed, record_of
from tests.contracts.playback.metrics import NoMetrics
from tests.contracts.playback.samples import (
    NOW,
    new_id,
    playing,
)

USER = new_id()
HOLDER = Principal(USER, "sid", "free", frozenset(), NOW / 1000 + 300, "token")


class CountedMetrics(NoMetrics):
    """Adds up the seconds of each rung."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

        self.sessions: list[int] = []

    def count_heard(self, rung: str, seconds: float) -> None:
        self.seconds[rung] = self.seconds.get(rung, 0) + seconds

    def set_playing(self, sessions: int) -> None:
        self.sessions.append(sessions)


@dataclass
class Rig:
    """Heartbeats on memory with a clock that stands still unless moved."""

    now: int = NOW
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)
    metrics: CountedMetrics = field(default_factory=lambda: CountedMetrics())

    def __post_init__(self) -> None:
        commander = Commander(
            self.store, self.positions, MemoryDeliveries(self.store), self.events, lambda: self.now
        )
        self.open_streams = OpenStreams(None, spread_s=1, clock=lambda: self.now / 1000)
        self.heartbeats = Heartbeats(
            self.store,
            self.positions,
            self.events,
            commander,
            streams=self.open_streams,
            metrics=self.metrics,
            clock=lambda: self.now,
        )
        self.events.listen(self.heartbeats.handle_event)

    async def begin(self, **changed: Any) -> PlayerState:
        held = self.store.states.get(USER)
        state = playing(held, self.now, **changed)
        expected = held.version if held else None
        records = (record_of(state, self.now),)
        assert await self.store.commit(
            Change(USER, (PutState(state, expected), *records)), self.now
        )
        self.events.send(playback_changed(USER, state))
        return state

    async def open(self, state: PlayerState) -> HeartbeatStream:
        return await self.heartbeats.open(HOLDER, state.session_id, state.device_id)

    def beat(
        self,
        stream: HeartbeatStream,
        seq: int,
        position_ms: int = 0,
        *,
        moving: bool = True,
        **heard: Any,
    ) -> None:
        heard = heard or {"rung": "192"}
        heard = {"rung": "", "bitrate_kbps": 0, "offline": False, **heard}
        stream.take(
            seq, stream.epoch, stream.revision, position_ms, moving=moving, now_ms=self.now, **heard
        )
        self.heartbeats.mark(stream)
