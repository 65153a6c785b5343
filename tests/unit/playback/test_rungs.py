"""Which rung is heard, told by its name or by a measured rate."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from playback_svc.domain.player_state import Rung
from playback_svc.domain.rungs import named, nearest
from tests.contracts.playback.samples import RUNGS

AAC = RUNGS[:4]


@pytest.mark.parametrize(
    ("kbps", "rung"),
    [(1, "128"), (131, "128"), (160, "128"), (161, "192"), (340, "320"), (900, "flac")],
)
def test_a_measured_rate_is_taken_as_the_nearest_rung(kbps: int, rung: str) -> None:
    assert nearest(RUNGS, kbps).name == rung


@pytest.mark.parametrize("kbps", [131, 340, 900, 10_000_000])
def test_no_rate_is_flac_where_the_session_has_none(kbps: int) -> None:
    assert nearest(AAC, kbps).name != "flac"
    assert nearest((), kbps).name != "flac"


@given(strategies.sampled_from(AAC), strategies.floats(1.0, 1.06))
def test_what_a_container_adds_makes_no_other_rung(rung: Rung, overhead: float) -> None:
    assert nearest(RUNGS, round(rung.bitrate_kbps * overhead)) == rung


def test_a_rung_has_the_rate_of_its_session() -> None:
    assert named(RUNGS, "flac") == RUNGS[-1]


def test_a_rung_that_the_session_has_not_keeps_its_name() -> None:
    assert named(AAC, "flac") == Rung("flac", 0)
    assert named((), "320") == Rung("320", 320)
