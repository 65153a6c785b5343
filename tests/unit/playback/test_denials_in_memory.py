"""What takes back the paths of a session, and what must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plays_rig import SECOND, TRACKS, Rig

from playback_svc.domain.denials import KEPT_MS, Denial
from playback_svc.domain.player_state import EndReason


def denied(rig: Rig) -> dict[str, int]:
    """The sessions of which nothing is left, and how often that was said."""
    held = rig.store.denials.items()
    return {session: version for session, (version, denial) in held if not denial.rungs}


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_stop_takes_back_what_silence_had_ended_before_it(rig: Rig) -> None:
    session = (await rig.plays_track()).session_id
    rig.passes(3_600)
    assert await rig.sweeps() == 1
    assert rig.store.states[rig.user].ended_by is EndReason.EXPIRED
    assert denied(rig) == {}
    await rig.stops()
    assert denied(rig) == {session: 1}
    _, denial = rig.store.denials[session]
    assert denial == Denial(session, (), rig.now + KEPT_MS)


async def test_a_session_that_came_to_its_end_keeps_its_paths_for_the_last_seconds(
    rig: Rig,
) -> None:
    await rig.plays_track()
    rig.passes(TRACKS[0].duration_ms / SECOND)
    await rig.advances()
    assert rig.store.states[rig.user].ended_by is EndReason.FINISHED
    assert denied(rig) == {}


async def test_what_comes_after_a_session_takes_back_its_paths_whatever_had_ended_it(
    rig: Rig,
) -> None:
    over = (await rig.plays_track()).session_id
    rig.passes(3_600)
    again = (await rig.plays_track(device_id="phone")).session_id
    assert denied(rig) == {over: 1}
    await rig.stops()
    await rig.plays_track()
    assert denied(rig) == {over: 1, again: 1}


async def test_an_album_heard_to_its_end_with_pauses_takes_nothing_back(rig: Rig) -> None:
    await rig.plays_album()
    await rig.seeks(1)
    await rig.pauses()
    await rig.resumes()
    await rig.skips()
    await rig.goes_back()
    assert denied(rig) == {}


async def test_a_transfer_takes_back_the_paths_of_the_device_that_it_leaves(rig: Rig) -> None:
    left = (await rig.plays_track()).session_id
    await rig.transfers("kitchen")
    assert denied(rig) == {}
    await rig.plays_track(device_id="phone")
    first = rig.store.states[rig.user].session_id
    await rig.transfers("kitchen")
    assert denied(rig) == {left: 1, first: 1}


@pytest.mark.parametrize(
    ("known", "sender", "sid"),
    [
        ("", "phone", "s1"),
        ("", "kitchen", ""),
        ("", "", ""),
        ("s2", "phone", "s1"),
        ("s2", "kitchen", "s2"),
        ("s2", "", "s2"),
    ],
)
async def test_a_session_is_of_the_sign_in_of_its_own_device_whoever_began_it_there(
    rig: Rig, known: str, sender: str, sid: str
) -> None:
    await rig.plays_track(device_id="phone", sid=known)
    await rig.plays_track(sid="s0")
    assert rig.store.states[rig.user].sid == "s0"
    rig.caller = replace(rig.caller, sender=sender, sid="s1")
    await rig.transfers("phone")
    assert rig.store.states[rig.user].sid == sid
