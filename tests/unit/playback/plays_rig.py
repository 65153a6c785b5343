"""A user who plays from an album, over stores in memory and a clock that the test drives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from meshkit.idempotency import RequestKey
from meshkit.leases import Lease, MemoryLeases
from playback_svc.adapters.memory.clients import (
    MemoryCatalogue,
    MemoryPlans,
    MemoryPlaylists,
    MemoryPositions,
)
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.plays import MemoryPlays
from playback_svc.adapters.memory.radios import MemoryRadios
from playback_svc.adapters.memory.skips import MemorySkipWindows
from playback_svc.assembly import playback_cases
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.player_state import Track
from playback_svc.domain.plays import Outcome, PlayRecord
from playback_svc.ports.answers import Answer
from playback_svc.ports.player_states import Checkpoint
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.contexts import Contexts, Source
from playback_svc.usecases.device.transfer import Transfer
from playback_svc.usecases.expiry import Expire, Sweeper
from playback_svc.usecases.playback.play import PlayOrder
from playback_svc.usecases.radio_refill import RadioRefill
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target
from playback_svc.usecases.track_selection import TrackSelection
from tests.contracts.playback.deliveries_suite import a_batch, a_delivery
from tests.contracts.playback.samples import (
    NOW,
    PLAYABLE,
    PREMIUM,
    TRACK,
    EverythingDelivered,
    beat,
    new_id,
)

SECOND = 1_000
TRACKS = [replace(TRACK, track_id=new_id(), title=f"Piece {n}") for n in range(4)]
ALBUM = new_id()


def played_from(
    commander: Commander,
    store: MemoryPlayerStates,
    catalogue: MemoryCatalogue,
    radios: MemoryRadios | None = None,
) -> tuple[Contexts, RadioRefill]:
    """What is played from, without playlists, and what refills radios."""
    radios = radios or MemoryRadios()
    contexts = Contexts(store, catalogue, MemoryPlaylists(), radios)
    return contexts, RadioRefill(commander, contexts, radios, MemoryPlays(store), new_id)


@dataclass
class Rig:
    """One listener of the premium plan, whose time passes when a test says so."""

    now: int = NOW
    user: str = field(default_factory=new_id)
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)
    radios: MemoryRadios = field(default_factory=MemoryRadios)
    fetches: bool = True
    """Whether the player fetches whatever plays; one that does not is sent what ``sends`` says."""

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731
        known = {track.track_id: replace(PLAYABLE, track=track) for track in TRACKS}
        self.catalogue = MemoryCatalogue(known, {ALBUM: [one.track_id for one in TRACKS]})
        plans = MemoryPlans({"premium": PREMIUM})
        self.caller = Caller(self.user, "premium")
        fetched = EverythingDelivered if self.fetches else MemoryDeliveries
        self.deliveries = fetched(self.store)
        commander = Commander(self.store, self.positions, self.deliveries, self.events, clock)
        contexts, self.refill = played_from(commander, self.store, self.catalogue, self.radios)
        commander.after_commit(self.refill.begin)
        self.cases = playback_cases(
            commander,
            self.store,
            contexts,
            self.refill,
            catalogue=self.catalogue,
            plans=plans,
            skips=MemorySkipWindows(clock),
            clock=clock,
            rng=Random(1),
            urls_live_s=60,
        )
        selection = TrackSelection(self.catalogue, plans, new_id)
        self._transfer = Transfer(
            commander, self.events, selection, clock=clock, new_id=new_id, urls_live_s=60
        )
        expire = Expire(commander)
        lease = Lease(MemoryLeases(), "sweep")
        self._sweeper = Sweeper(self.store, expire, lease=lease, clock=clock)

    @property
    def plays(self) -> list[PlayRecord]:
        """What counts."""
        return [play for play in self.left if play.counted]

    @property
    def left(self) -> list[PlayRecord]:
        return list(self.store.plays.get(self.user, {}).values())

    @property
    def outcomes(self) -> list[tuple[str, Outcome, bool]]:
        """The tracks that were left, how, and whether that counts."""
        titles = {track.track_id: track.title for track in TRACKS}
        return [(titles[play.track_id], play.outcome, play.counted) for play in self.left]

    @property
    def heard(self) -> list[tuple[str, int]]:
        """The tracks that were entered, and how many seconds of each were heard."""
        titles = {track.track_id: track.title for track in TRACKS}
        return [(titles[play.track_id], play.heard_ms // SECOND) for play in self.plays]

    def passes(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    async def plays_track(self, track: Track = TRACKS[0], **order: Any) -> Answer:
        order = {"device_id": "kitchen", "track_id": track.track_id, **order}
        return await self.cases.play(self.user, "premium", PlayOrder(**order), None)

    async def asks_to_play(self, key: RequestKey | None, **order: Any) -> Answer:
        """Play, as the request of ``key``."""
        return await self.cases.play(self.user, "premium", PlayOrder(**order), key)

    async def plays_album(self, **order: Any) -> Answer:
        source = Source(ContextKind.ALBUM, ALBUM)
        return await self.plays_track(track_id="", source=source, **order)

    async def skips(self, **named: str) -> Answer:
        return await self.cases.skip(self.caller, Target(), None, **named)

    async def goes_back(self, **named: str) -> Answer:
        return await self.cases.previous(self.caller, Target(), None, **named)

    async def advances(self, **named: str) -> Answer:
        state = self.store.states[self.user]
        playing = {"session_id": state.session_id, "play_id": state.play_id}
        return await self.cases.advance(self.caller, None, **playing, **named)

    async def seeks(self, seconds: float) -> None:
        await self.cases.seek(self.caller, Target(), round(seconds * SECOND), None)

    async def stops(self) -> None:
        await self.cases.stop(self.caller, Target(), None)

    async def pauses(self) -> None:
        await self.cases.pause(self.caller, Target(), None)

    async def resumes(self) -> None:
        await self.cases.resume(self.caller, Target(), None)

    async def transfers(self, device_id: str) -> None:
        await self.events.connect(self.user, device_id)
        await self._transfer(self.caller, device_id, None, plays=None)

    async def beats(
        self, seq: int, seconds: float, *, stored: bool = False, offline: bool = False
    ) -> None:
        """The device says now where it is."""
        state = self.store.states[self.user]
        live = beat(
            state,
            seq=seq,
            position_ms=round(seconds * SECOND),
            position_at_ms=self.now,
            beat_at_ms=self.now,
            offline=offline,
        )
        await self.positions.put([live])
        if stored:
            await self.store.checkpoint([Checkpoint(self.user, live)])

    async def sends(self, *numbers: int) -> None:
        """Segments of ten seconds are delivered to the session that plays."""
        session_id = self.store.states[self.user].session_id
        await self.deliveries.count(a_batch(a_delivery(session_id, *numbers)), self.now)

    async def sweeps(self) -> int:
        return await self._sweeper.sweep()
