"""A device becomes equal to what it is told, in whichever order and however often it is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.device.plan import (
    Action,
    Known,
    Load,
    Motion,
    Pause,
    Plan,
    Resume,
    Seek,
    Target,
    Unload,
    Version,
    follows,
    plan,
    silenced,
)

PLAYING, PAUSED, SILENT = Motion.PLAYING, Motion.PAUSED, Motion.SILENT


@dataclass
class Ear:
    """What a listener hears of a device that does as planned."""

    known: Known = field(default_factory=Known)
    play: tuple[str, str] | None = None
    held: bool = False
    position_ms: int = 0

    def told(self, target: Target) -> Plan:
        made = plan(self.known, target)
        for action in made.actions:
            self._do(action, target)
        self.known = made.known
        return made

    def _do(self, action: Action, target: Target) -> None:
        if isinstance(action, Load):
            self.play = (target.playback_id, target.play_id)
            self.position_ms, self.held = action.position_ms, action.paused
        elif isinstance(action, Seek):
            assert self.play is not None
            self.position_ms = action.position_ms
        elif isinstance(action, Pause):
            assert not self.held
            self.held = True
        elif isinstance(action, Resume):
            assert self.held
            self.held = False
        else:
            assert self.play is not None
            self.play = None

    @property
    def heard(self) -> tuple[tuple[str, str] | None, Motion]:
        motion = SILENT if self.play is None else PAUSED if self.held else PLAYING
        return self.play, motion


def wanted(target: Target) -> tuple[tuple[str, str] | None, Motion]:
    if target.motion is SILENT:
        return None, SILENT
    return (target.playback_id, target.play_id), target.motion


@st.composite
def histories(draw: st.DrawFn) -> list[Target]:
    """States of one user's playback, each newer than the one before, as the service makes them."""
    epoch, made = 1, []
    for revision in range(1, draw(st.integers(1, 12)) + 1):
        epoch += draw(st.integers(0, 5)) == 0
        made.append(
            Target(
                Version(epoch, revision),
                f"session {epoch}",
                f"play {draw(st.integers(1, 3))}",
                draw(st.sampled_from([PLAYING, PLAYING, PAUSED, SILENT])),
                draw(st.integers(0, 9)) * 1000,
                draw(st.booleans()),
            )
        )
    return made


@given(histories(), st.data())
def test_the_newest_state_is_reached_whatever_is_lost_repeated_or_late(
    history: list[Target], data: st.DataObject
) -> None:
    ear = Ear()
    told = data.draw(st.lists(st.sampled_from(history), max_size=20))
    for target in [*told, history[-1]]:
        before = ear.heard
        if ear.told(target).superseded:
            assert ear.heard == before
    assert ear.heard == wanted(history[-1])
    assert ear.known.version == history[-1].version


@given(histories())
def test_what_is_told_twice_is_done_once(history: list[Target]) -> None:
    ear = Ear()
    for target in history:
        ear.told(target)
        again = ear.told(target)
        assert (again.superseded, again.actions) == (True, ())


@given(histories())
def test_told_in_order_the_position_is_that_of_the_last_jump(history: list[Target]) -> None:
    ear = Ear()
    for target in history:
        made = ear.told(target)
        if target.motion is not SILENT and (target.jumps or Load in map(type, made.actions)):
            assert ear.position_ms == target.position_ms


def test_a_pause_and_a_jump_in_one_are_heard_as_silence_first() -> None:
    known = Known(Version(1, 1), "s", "p", PLAYING)
    target = Target(Version(1, 2), "s", "p", PAUSED, 5000, jumps=True)
    assert plan(known, target).actions == (Pause(), Seek(5000))
    held = plan(replace(known, motion=PAUSED), replace(target, motion=PLAYING))
    assert held.actions == (Seek(5000), Resume())


def test_a_state_in_which_nothing_heard_changes_asks_for_nothing() -> None:
    known = Known(Version(1, 1), "s", "p", PLAYING)
    made = plan(known, Target(Version(1, 2), "s", "p", PLAYING, 9000))
    assert made == Plan(Known(Version(1, 2), "s", "p", PLAYING))


def test_a_track_that_starts_again_is_loaded_again() -> None:
    known = Known(Version(1, 1), "s", "first", PLAYING)
    made = plan(known, Target(Version(1, 2), "s", "second", PLAYING, 0))
    assert made.actions == (Load(0, paused=False),)


def test_a_device_that_fell_silent_loads_the_same_play_again() -> None:
    known = silenced(Known(Version(1, 1), "s", "p", PLAYING))
    made = plan(known, Target(Version(1, 2), "s", "p", PAUSED, 700))
    assert made.actions == (Load(700, paused=True),)


def test_what_plays_elsewhere_silences_this_device_once() -> None:
    known = Known(Version(1, 1), "s", "p", PAUSED)
    made = plan(known, Target(Version(2, 2)))
    assert made.actions == (Unload(),)
    assert plan(made.known, Target(Version(2, 3))).actions == ()


@pytest.mark.parametrize(
    ("epoch", "revision", "taken"),
    [(1, 6, True), (1, 7, False), (1, 5, False), (1, 4, False), (2, 9, True), (0, 6, False)],
)
def test_an_answer_is_taken_only_where_nothing_lies_between(
    epoch: int, revision: int, taken: bool
) -> None:
    known = Known(Version(1, 5), "s", "p", PLAYING)
    assert follows(known, Target(Version(epoch, revision), "s", "p", PAUSED)) is taken
