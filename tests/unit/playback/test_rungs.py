"""Which rung is heard, told by its name or by a measured rate."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from playback_svc.domain.player_state import Rung
from playback_svc.domain.rungs import nearest_rung, rung_named
from tests.contracts.playback.samples import RUNGS

AAC = RUNGS[:4]


@pytest.mark.parametrize(
    ("kbps", "rung"),
    [(1, "128"), (131, "128"), (160, "128"), (161, "192"), (340, "320"), (900, "flac")],
)
def test_a_measured_rate_is_taken_as_the_nearest_rung(kbps: int, rung: str) -> None:
    assert nearest_rung(RUNGS, kbps).name == rung


@pytest.mark.parametrize("kbps", [131, 340, 900, 10_000_000])
def test_no_rate_is_flac_where_the_session_has_none(kbps: int) -> None:
    assert nearest_rung(AAC, kbps).name != "flac"
    assert nearest_rung((), kbps).name != "flac"


@given(strategies.sampled_from(AAC), strategies.floats(1.0, 1.06))
def test_what_a_container_adds_makes_no_other_rung(rung: Rung, overhead: float) -> None:
    assert nearest_rung(RUNGS, round(rung.bitrate_kbps * overhead)) == rung


def test_a_rung_has_the_rate_of_its_session() -> None:
    assert rung_named(RUNGS, "flac") == RUNGS[-1]


def test_a_rung_that_the_session_has_not_keeps_its_name() -> None:
    assert rung_named(AAC, "flac") == Rung("flac", 0)
    assert rung_named((), "320") == Rung("320", 320)
