"""A play is entered once, when its track is left; it counts if enough of it was heard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

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
from playback_svc.adapters.memory.skips import MemorySkipWindows
from playback_svc.assembly import playback_cases
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import Repeat
from playback_svc.domain.player_state import Track
from playback_svc.domain.plays import Outcome, PlayRecord, counted
from playback_svc.ports.player_states import Answer, Checkpoint
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.contexts import Source
from playback_svc.usecases.device.transfer import Transfer
from playback_svc.usecases.expiry import Expire, Sweeper
from playback_svc.usecases.playback.play import PlayOrder
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target
from playback_svc.usecases.track_selection import TrackSelection
from tests.contracts.playback.deliveries_suite import a_batch, a_delivery
from tests.contracts.playback.samples import (
    NOW,
    PLAYABLE,
    PREMIUM,
    TRACK,
    WhateverIsAsked,
    beat,
    new_id,
)

SECOND = 1_000
TRACKS = [replace(TRACK, track_id=new_id(), title=f"Piece {n}") for n in range(4)]
ALBUM = new_id()


@dataclass
class Desk:
    """One listener of the premium plan, whose time passes when a test says so."""

    now: int = NOW
    user: str = field(default_factory=new_id)
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)
    fetches: bool = True
    """Whether the player fetches whatever plays; one that does not is sent what ``sends`` says."""

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731
        known = {track.track_id: replace(PLAYABLE, track=track) for track in TRACKS}
        self.catalogue = MemoryCatalogue(known, {ALBUM: [one.track_id for one in TRACKS]})
        plans = MemoryPlans({"premium": PREMIUM})
        self.caller = Caller(self.user, "premium")
        fetched = WhateverIsAsked if self.fetches else MemoryDeliveries
        self.deliveries = fetched(self.store)
        commander = Commander(self.store, self.positions, self.deliveries, self.events, clock)
        self._cases = playback_cases(
            commander,
            self.store,
            catalogue=self.catalogue,
            playlists=MemoryPlaylists(),
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
        return await self._cases.play(self.user, "premium", PlayOrder(**order), None)

    async def plays_album(self, **order: Any) -> Answer:
        source = Source(ContextKind.ALBUM, ALBUM)
        return await self.plays_track(track_id="", source=source, **order)

    async def skips(self, **named: str) -> Answer:
        return await self._cases.skip(self.caller, Target(), None, **named)

    async def goes_back(self, **named: str) -> Answer:
        return await self._cases.previous(self.caller, Target(), None, **named)

    async def advances(self, **named: str) -> Answer:
        state = self.store.states[self.user]
        playing = {"session_id": state.session_id, "play_id": state.play_id}
        return await self._cases.advance(self.caller, None, **playing, **named)

    async def seeks(self, seconds: float) -> None:
        await self._cases.seek(self.caller, Target(), round(seconds * SECOND), None)

    async def stops(self) -> None:
        await self._cases.stop(self.caller, Target(), None)

    async def pauses(self) -> None:
        await self._cases.pause(self.caller, Target(), None)

    async def resumes(self) -> None:
        await self._cases.resume(self.caller, Target(), None)

    async def transfers(self, device_id: str) -> None:
        await self.events.attend(self.user, device_id)
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


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("heard_ms", "duration_ms", "counts"),
    [
        (29_999, 180_000, False),
        (30_000, 180_000, True),
        (19_999, 40_000, False),
        (20_000, 40_000, True),
        (30_000, 60_000, True),
        (29_999, 60_000, False),
        (0, 0, False),
        (0, 1, False),
        (1, 1, True),
    ],
)
def test_a_track_counts_after_thirty_seconds_or_half_of_it(
    heard_ms: int, duration_ms: int, counts: bool
) -> None:
    assert counted(heard_ms, duration_ms) is counts


async def test_nothing_is_entered_while_a_track_plays(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(100)
    await desk.pauses()
    await desk.resumes()
    assert desk.plays == []


async def test_what_is_entered_tells_where_when_and_from_what(desk: Desk) -> None:
    started = await desk.plays_album()
    desk.passes(40)
    await desk.skips()
    (play,) = desk.plays
    assert play == PlayRecord(
        play_id=started.play_id,
        session_id=started.session_id,
        device_id="kitchen",
        track_id=TRACKS[0].track_id,
        started_at_ms=NOW,
        ended_at_ms=NOW + 40_000,
        heard_ms=40_000,
        outcome=Outcome.SKIPPED,
        counted=True,
        private=False,
        origin=PlayOrigin(ContextKind.ALBUM, ALBUM),
    )


async def test_a_skip_leaves_a_play_behind_if_enough_was_heard(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(30)
    await desk.skips()
    desk.passes(29.999)
    await desk.skips()
    desk.passes(31)
    await desk.skips()
    assert desk.heard == [("Piece 0", 30), ("Piece 2", 31)]


async def test_a_track_that_ends_is_entered_as_completed(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(180)
    await desk.advances()
    (play,) = desk.plays
    assert (play.outcome, play.heard_ms) == (Outcome.COMPLETED, 180_000)
    desk.passes(180)
    await desk.advances()
    assert desk.heard == [("Piece 0", 180), ("Piece 1", 180)]


async def test_the_last_track_is_entered_once_when_all_was_played(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(180)
    assert (await desk.advances()).ended
    await desk.advances()
    await desk.stops()
    desk.passes(3_600)
    await desk.sweeps()
    await desk.plays_track(TRACKS[1])
    assert desk.heard == [("Piece 0", 180)]


async def test_play_elsewhere_leaves_the_track_of_before(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(45)
    await desk.plays_track(TRACKS[1], device_id="phone")
    assert desk.heard == [("Piece 0", 45)]
    assert desk.plays[0].device_id == "kitchen"


async def test_a_stop_leaves_the_track_and_stopping_again_nothing(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(45)
    await desk.stops()
    desk.passes(45)
    await desk.stops()
    await desk.plays_track()
    assert desk.heard == [("Piece 0", 45)]


async def test_a_transfer_leaves_nothing_and_the_play_goes_on(desk: Desk) -> None:
    await desk.plays_track(TRACKS[1], device_id="phone")
    started = await desk.plays_track()
    desk.passes(20)
    await desk.transfers("phone")
    assert desk.plays == []
    desk.passes(15)
    await desk.stops()
    (play,) = desk.plays
    assert (play.play_id, play.heard_ms, play.device_id) == (started.play_id, 35_000, "phone")
    assert play.started_at_ms == NOW


async def test_what_was_over_and_is_taken_up_elsewhere_is_another_play(desk: Desk) -> None:
    await desk.plays_track(TRACKS[1], device_id="phone")
    await desk.plays_track()
    desk.passes(40)
    await desk.stops()
    await desk.transfers("phone")
    await desk.resumes()
    desk.passes(50)
    await desk.stops()
    assert desk.heard == [("Piece 0", 40), ("Piece 0", 50)]


async def test_what_silence_ended_is_entered_once_by_the_sweep(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(40)
    await desk.beats(1, 40, stored=True)
    ended_at = desk.now + 35_000
    desk.passes(200)
    assert await desk.sweeps() == 1
    assert await desk.sweeps() == 0
    (play,) = desk.plays
    assert (play.heard_ms, play.ended_at_ms) == (40_000, ended_at)
    assert play.outcome is Outcome.EXPIRED
    await desk.stops()
    await desk.plays_track(TRACKS[1])
    assert len(desk.plays) == 1


async def test_what_silence_ended_is_entered_once_by_whatever_comes_first(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(40)
    await desk.beats(1, 40)
    desk.passes(200)
    await desk.plays_track(TRACKS[1])
    await desk.sweeps()
    assert desk.heard == [("Piece 0", 40)]


async def test_a_player_without_beats_that_fetched_all_has_heard_all(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(3_600)
    assert await desk.sweeps() == 1
    (play,) = desk.plays
    assert (play.heard_ms, play.outcome) == (180_000, Outcome.COMPLETED)


async def test_each_turn_of_a_repeated_track_is_a_play(desk: Desk) -> None:
    await desk.plays_track(repeat=Repeat.TRACK)
    for _ in range(3):
        desk.passes(180)
        await desk.advances()
    assert desk.heard == [("Piece 0", 180)] * 3
    assert len({play.play_id for play in desk.plays}) == 3


async def test_beginning_again_is_another_play(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(60)
    await desk.goes_back()
    desk.passes(35)
    await desk.stops()
    assert desk.heard == [("Piece 0", 60), ("Piece 0", 35)]


async def test_seeking_forward_is_not_hearing(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(5)
    await desk.seeks(170)
    desk.passes(5)
    await desk.seeks(178)
    desk.passes(2)
    await desk.advances()
    assert desk.plays == []


async def test_seeking_around_counts_what_was_heard_each_time(desk: Desk) -> None:
    await desk.plays_track()
    for start in (100, 0, 50, 120):
        await desk.seeks(start)
        desk.passes(10)
    await desk.stops()
    assert desk.heard == [("Piece 0", 40)]


async def test_time_that_it_was_held_is_not_heard(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(20)
    await desk.pauses()
    desk.passes(600)
    await desk.resumes()
    desk.passes(9)
    await desk.stops()
    assert desk.plays == []


async def test_a_device_that_claims_to_be_further_is_believed_no_more_than_the_clock(
    desk: Desk,
) -> None:
    await desk.plays_track()
    for seq in range(1, 5):
        desk.passes(5)
        await desk.beats(seq, 40 * seq, stored=seq % 2 == 0)
    await desk.stops()
    assert desk.plays == []


async def test_a_device_that_stands_still_is_not_heard(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(10)
    await desk.beats(1, 10, stored=True)
    desk.passes(20)
    await desk.beats(2, 12, stored=True)
    desk.passes(10)
    await desk.beats(3, 13)
    await desk.stops()
    assert desk.plays == []


async def test_beats_add_up_to_what_was_heard(desk: Desk) -> None:
    await desk.plays_track()
    for seq in range(1, 13):
        desk.passes(10)
        await desk.beats(seq, 10 * seq, stored=seq % 6 == 0)
    await desk.stops()
    assert desk.heard == [("Piece 0", 120)]


async def test_a_play_that_starts_late_counts_from_there(desk: Desk) -> None:
    await desk.plays_track(position_ms=160_000)
    desk.passes(20)
    await desk.advances()
    assert desk.plays == []


async def test_a_single_track_belongs_to_no_context(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(40)
    await desk.stops()
    assert desk.plays[0].origin == NOWHERE


async def test_every_play_is_told_with_how_it_ended(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(2)
    await desk.skips()
    desk.passes(40)
    await desk.skips()
    desk.passes(180)
    await desk.advances()
    desk.passes(3)
    await desk.stops()
    assert desk.outcomes == [
        ("Piece 0", Outcome.SKIPPED, False),
        ("Piece 1", Outcome.SKIPPED, True),
        ("Piece 2", Outcome.COMPLETED, True),
        ("Piece 3", Outcome.LEFT, False),
    ]


async def test_going_back_and_playing_something_else_leave_a_play(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(10)
    await desk.goes_back()
    desk.passes(50)
    await desk.plays_track(TRACKS[1], device_id="phone")
    assert desk.outcomes == [
        ("Piece 0", Outcome.LEFT, False),
        ("Piece 0", Outcome.LEFT, True),
    ]


async def test_a_skip_in_the_last_seconds_of_what_was_heard_completes_the_play(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(176)
    await desk.skips()
    assert desk.outcomes == [("Piece 0", Outcome.COMPLETED, True)]


async def test_an_end_that_was_gone_to_unheard_is_a_skip(desk: Desk) -> None:
    await desk.plays_album()
    desk.passes(5)
    await desk.seeks(178)
    desk.passes(2)
    await desk.advances()
    assert desk.outcomes == [("Piece 0", Outcome.SKIPPED, False)]


async def test_a_play_that_silence_ended_before_it_counted_is_told(desk: Desk) -> None:
    await desk.plays_track()
    desk.passes(10)
    await desk.beats(1, 10, stored=True)
    desk.passes(200)
    await desk.sweeps()
    assert desk.outcomes == [("Piece 0", Outcome.EXPIRED, False)]


@pytest.fixture
def plain() -> Desk:
    """With a player that never sends a beat and fetches what it is told to."""
    return Desk(fetches=False)


async def test_a_session_that_was_sent_nothing_has_heard_nothing(plain: Desk) -> None:
    await plain.plays_track()
    plain.passes(3_600)
    assert await plain.sweeps() == 1
    (play,) = plain.left
    assert (play.heard_ms, play.outcome, play.counted) == (0, Outcome.EXPIRED, False)


async def test_no_more_is_heard_than_was_delivered(plain: Desk) -> None:
    await plain.plays_album()
    await plain.sends(1, 2)
    plain.passes(100)
    await plain.skips()
    await plain.sends(1, 2, 3)
    plain.passes(100)
    await plain.stops()
    assert [(play.heard_ms, play.counted) for play in plain.left] == [
        (20_000, False),
        (30_000, True),
    ]


async def test_no_more_is_heard_than_time_went_by_whatever_was_fetched_ahead(plain: Desk) -> None:
    await plain.plays_track()
    await plain.sends(*range(1, 19))
    plain.passes(12)
    await plain.stops()
    assert plain.left[0].heard_ms == 12_000


async def test_who_fetched_all_but_the_end_has_not_completed_it(plain: Desk) -> None:
    for last, outcome in ((17, Outcome.EXPIRED), (18, Outcome.COMPLETED)):
        await plain.plays_track()
        await plain.sends(*range(1, last + 1))
        plain.passes(3_600)
        await plain.sweeps()
        assert plain.left[-1].outcome is outcome


async def test_a_track_that_comes_again_need_not_be_fetched_again(plain: Desk) -> None:
    await plain.plays_track(repeat=Repeat.TRACK)
    await plain.sends(*range(1, 19))
    for _ in range(2):
        plain.passes(180)
        await plain.advances()
    assert plain.heard == [("Piece 0", 180)] * 2


async def test_each_session_of_a_play_has_heard_what_it_was_sent(plain: Desk) -> None:
    await plain.plays_track(TRACKS[1], device_id="phone")
    await plain.plays_track()
    await plain.sends(1)
    plain.passes(60)
    await plain.transfers("phone")
    await plain.sends(7, 8)
    plain.passes(60)
    await plain.stops()
    assert plain.heard == [("Piece 0", 30)]


async def test_a_device_that_beats_says_itself_what_is_heard_of_it(plain: Desk) -> None:
    await plain.plays_track()
    plain.passes(40)
    await plain.beats(1, 40)
    await plain.stops()
    assert plain.heard == [("Piece 0", 40)]


@pytest.mark.parametrize("stored", [False, True])
async def test_a_play_from_the_devices_own_files_counts_though_nothing_was_delivered(
    plain: Desk, stored: bool
) -> None:
    await plain.plays_album()
    plain.passes(40)
    await plain.beats(1, 40, stored=stored, offline=True)
    await plain.skips()
    plain.passes(50)
    await plain.beats(2, 50, stored=stored)
    await plain.stops()
    assert plain.heard == [("Piece 0", 40), ("Piece 1", 50)]
    assert [play.offline for play in plain.left] == [True, False]


@pytest.mark.parametrize("last", [False, True])
async def test_the_last_beat_of_a_play_says_where_it_came_from(desk: Desk, last: bool) -> None:
    await desk.plays_track()
    for seq, offline in enumerate((True, False, last), 1):
        desk.passes(20)
        await desk.beats(seq, 20 * seq, offline=offline)
    desk.passes(3_600)
    await desk.sweeps()
    assert [play.offline for play in desk.left] == [last]


async def test_a_play_that_goes_on_elsewhere_is_what_it_was_until_a_beat_says_more(
    desk: Desk,
) -> None:
    await desk.plays_track(TRACKS[1], device_id="phone")
    await desk.plays_track(client_play_id="kitchen-7")
    desk.passes(40)
    await desk.beats(1, 40, offline=True)
    await desk.transfers("phone")
    desk.passes(10)
    await desk.stops()
    await desk.transfers("kitchen")
    await desk.resumes()
    desk.passes(100)
    await desk.stops()
    assert [(play.offline, play.client_play_id) for play in desk.left[1:]] == [
        (True, "kitchen-7"),
        (False, ""),
    ]


async def test_each_play_is_called_what_its_client_called_it(desk: Desk) -> None:
    await desk.plays_album(client_play_id="first")
    desk.passes(40)
    await desk.skips(client_play_id="second")
    desk.passes(180)
    await desk.advances(client_play_id="third")
    await desk.goes_back(client_play_id="fourth")
    await desk.skips()
    await desk.stops()
    assert [play.client_play_id for play in desk.left] == [
        "first",
        "second",
        "third",
        "fourth",
        "",
    ]
