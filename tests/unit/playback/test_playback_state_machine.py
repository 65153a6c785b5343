"""The state machine against a model of a tape player, over any sequence of what can happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from playback_svc.domain import player_state
from playback_svc.domain.liveness import (
    SILENCE_PAUSED_MS,
    SILENCE_PLAYING_MS,
    Liveness,
    LivePosition,
    derive_state,
)
from playback_svc.domain.player_state import EndReason, PlayerState, SessionNotCurrent, Status
from tests.contracts.playback.samples import NOW, TRACK, opening
from tests.profiles import examples

END = TRACK.duration_ms
ANY_POSITION = strategies.integers(0, 2**31 - 1)


class TapePlayer(RuleBasedStateMachine):
    """Keeps beside the state what a tape player would show: a head, a motor, and its silence."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.state: PlayerState | None = None
        self.live: LivePosition | None = None
        self.head = 0
        self.motor = "none"
        self.beaten = False
        self.quiet_since = 0
        self.commands = self.sessions = 0
        self.seq = 0

    def current(self) -> PlayerState | None:
        if self.state is None:
            return None
        return derive_state(self.state, Liveness(self.live, since_ms=0), self.now)

    @rule(position=ANY_POSITION)
    def play(self, position: int) -> None:
        self.state = player_state.play(self.current(), opening(position_ms=position), self.now)
        self.commands += 1
        self.sessions += 1
        self.head, self.motor, self.beaten = min(position, END), "on", False
        self.quiet_since, self.live, self.seq = self.now, None, 0

    @precondition(lambda self: self.motor in ("on", "off"))
    @rule()
    def pause(self) -> None:
        self.command(player_state.pause, changes=self.motor == "on")
        self.motor = "off"

    @precondition(lambda self: self.motor in ("on", "off"))
    @rule()
    def resume(self) -> None:
        self.command(player_state.resume, changes=self.motor == "off")
        self.motor = "on"

    @precondition(lambda self: self.motor in ("on", "off"))
    @rule(position=ANY_POSITION)
    def seek(self, position: int) -> None:
        self.command(lambda state, now: player_state.seek(state, position, now), changes=True)
        self.head = min(position, END)

    @precondition(lambda self: self.motor != "none")
    @rule()
    def stop(self) -> None:
        self.command(player_state.stop, changes=self.motor in ("on", "off"))
        self.motor = "over"

    def command(self, apply: Any, *, changes: bool) -> None:
        before = self.current()
        assert before is not None
        self.state = apply(before, self.now)
        if changes:
            self.commands += 1
            self.quiet_since = self.now

    @precondition(lambda self: self.motor == "over")
    @rule(position=ANY_POSITION)
    def nothing_moves_what_is_over(self, position: int) -> None:
        state = self.current()
        assert state is not None
        for apply in (player_state.pause, player_state.resume):
            with pytest.raises(SessionNotCurrent):
                apply(state, self.now)
        with pytest.raises(SessionNotCurrent):
            player_state.seek(state, position, self.now)

    @precondition(lambda self: self.motor in ("on", "off"))
    @rule(position=ANY_POSITION, behind=strategies.integers(0, 2))
    def beat(self, position: int, behind: int) -> None:
        state = self.current()
        assert state is not None
        self.state = state
        self.seq += 1
        version = state.version._replace(revision=state.version.revision - behind)
        held = self.live
        if behind and held is not None:
            # An older revision: the position of the beat before stays the last one that counts.
            version, position, at = held.version, held.position_ms, held.position_at_ms
        else:
            at = self.now
        self.live = LivePosition(
            state.session_id, version, self.seq, min(position, END), at, True, 192, self.now, "192"
        )
        self.beaten, self.quiet_since = True, self.now
        if version == state.version and at == self.now and self.motor == "on":
            self.head = min(position, END)

    @rule(elapsed=strategies.one_of(strategies.integers(0, 50_000), strategies.just(10**8)))
    def wait(self, elapsed: int) -> None:
        over = self.motor in ("on", "off") and self.is_over(elapsed)
        if self.motor == "on" and not over:
            self.head = min(self.head + elapsed, END)
        self.now += elapsed
        if over:
            self.motor = "over"
            self.commands += 1
            state = self.current()
            assert state is not None
            assert state.ended_by is EndReason.EXPIRED
            self.state, self.head = state, state.position_ms

    def is_over(self, elapsed: int) -> bool:
        silent = self.now + elapsed - self.quiet_since
        if self.motor == "off":
            return silent >= SILENCE_PAUSED_MS
        if self.beaten:
            return silent >= SILENCE_PLAYING_MS
        return silent >= self.left_when_quiet() + SILENCE_PLAYING_MS

    def left_when_quiet(self) -> int:
        assert self.state is not None
        return END - self.state.position_ms

    @invariant()
    def it_shows_what_the_tape_player_shows(self) -> None:
        state = self.current()
        if state is None:
            assert self.motor == "none"
            return
        assert {"on": "PLAYING", "off": "PAUSED", "over": "STOPPED"}[self.motor] == state.status
        assert (state.version.epoch, state.version.revision) == (self.sessions, self.commands)
        if self.motor != "over":
            assert state.position_at(self.now) == self.head
        assert 0 <= state.position_at(self.now) <= END
        assert (state.ended_by is None) == (state.status is not Status.STOPPED)


TapePlayer.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=30)
TestTapePlayer = TapePlayer.TestCase
