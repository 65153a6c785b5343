from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.domain.adaptation import AdaptationContext, Bola, BriefPolicy, DynamicPolicy
from player.domain.playlist import Ladder, Quality, Rung
from player.ports import AdaptationPolicy


def rung(kbps: int, codec: str = "mp4a.40.2") -> Rung:
    return Rung(kbps, codec, f"http://media/{codec}{kbps}")


LADDER = Ladder(tuple(rung(kbps) for kbps in (128, 192, 256, 320)))


def drive(
    policy: AdaptationPolicy, speeds: list[float], ladder: Ladder = LADDER, piece_s: float = 10.0
) -> list[int]:
    """The rungs chosen on a link whose speed is given for each piece; playback never pauses."""
    chosen: list[int] = []
    current: Rung | None = None
    buffer_s, seen = 0.0, list[float]()
    for speed in speeds:
        context = AdaptationContext(
            ladder=ladder,
            current=current,
            buffer_s=buffer_s,
            piece_s=piece_s,
            throughput_kbps=min(seen[-2:]) if seen else None,
            last_kbps=seen[-1] if seen else None,
            previous_kbps=seen[-2] if len(seen) > 1 else None,
        )
        current = policy.choose(context)
        chosen.append(current.kbps)
        took_s = current.kbps * piece_s / speed
        buffer_s = max(0.0, buffer_s - took_s) + piece_s
        seen.append(speed)
    return chosen


def test_dynamic_climbs_to_the_top_on_a_fast_link_within_three_pieces() -> None:
    assert drive(DynamicPolicy(), [2000.0] * 10)[2:] == [320] * 8


def test_dynamic_starts_at_the_lowest_rung() -> None:
    assert drive(DynamicPolicy(), [5000.0])[0] == 128


def test_dynamic_stays_within_a_slow_link() -> None:
    assert set(drive(DynamicPolicy(), [150.0] * 40)) == {128}


def test_dynamic_rides_out_a_short_drop_on_its_buffer() -> None:
    chosen = drive(DynamicPolicy(), [2000.0] * 15 + [250.0] * 3 + [2000.0] * 5)
    assert chosen[10:] == [320] * len(chosen[10:])


def test_dynamic_comes_down_when_a_slow_link_has_eaten_the_buffer() -> None:
    chosen = drive(DynamicPolicy(), [2000.0] * 5 + [140.0] * 20)
    assert chosen[-1] == 128


def test_dynamic_settles_between_two_rungs_without_swinging() -> None:
    chosen = drive(DynamicPolicy(), [240.0] * 60)
    changes = sum(1 for a, b in itertools.pairwise(chosen[10:]) if a != b)
    assert changes <= 2


def test_dynamic_falls_to_the_lowest_rung_when_the_audio_ran_out() -> None:
    context = AdaptationContext(
        LADDER, LADDER.rungs[3], buffer_s=0.0, piece_s=10.0, throughput_kbps=9e9, starved=True
    )
    assert DynamicPolicy().choose(context).kbps == 128


@pytest.mark.parametrize("speed", [400.0, 1000.0, 10_000.0])
def test_brief_never_climbs_on_a_steady_link(speed: float) -> None:
    assert set(drive(BriefPolicy(), [speed] * 60)) == {128}


def test_brief_starts_where_its_probe_says() -> None:
    assert drive(BriefPolicy(probe_kbps=350.0), [350.0])[0] == 320
    assert drive(BriefPolicy(probe_kbps=300.0), [300.0])[0] == 256
    assert drive(BriefPolicy(probe_kbps=200.0), [200.0])[0] == 192
    assert drive(BriefPolicy(probe_kbps=160.0), [160.0])[0] == 128


def test_brief_climbs_when_the_speed_jumps_and_the_buffer_is_deep() -> None:
    assert drive(BriefPolicy(), [1000.0] * 6 + [1300.0, 1300.0])[-1] == 320


def test_brief_comes_down_when_the_speed_falls_by_a_fifth() -> None:
    chosen = drive(BriefPolicy(probe_kbps=1000.0), [1000.0] * 5 + [200.0, 200.0])
    assert chosen[4] == 320
    assert chosen[-1] == 192


def test_bola_takes_the_lowest_rung_when_short_and_the_highest_when_comfortable() -> None:
    bola = Bola([128, 192, 256, 320], low_s=10.0, high_s=30.0)
    choices = [bola.choose(float(buffer_s)) for buffer_s in range(60)]
    assert choices[:10] == [0] * 10
    assert choices[31:] == [3] * 29
    assert choices == sorted(choices)
    assert set(choices) == {0, 1, 2, 3}


@pytest.mark.parametrize("kbps", [[128], [128, 320]])
def test_bola_works_on_short_ladders(kbps: list[int]) -> None:
    bola = Bola(kbps, low_s=10.0, high_s=30.0)
    assert (bola.choose(0.0), bola.choose(100.0)) == (0, len(kbps) - 1)


positive = st.floats(min_value=0.01, max_value=1e9)
maybe = st.none() | positive


@given(
    kbps=st.sets(st.integers(1, 5000), min_size=1, max_size=8),
    current=st.integers(0, 12),
    buffer_s=st.floats(0, 1000),
    piece_s=st.floats(0.01, 60),
    speeds=st.tuples(maybe, maybe, maybe),
    starved=st.booleans(),
    policy=st.sampled_from([DynamicPolicy, BriefPolicy]),
)
def test_a_policy_only_ever_chooses_an_offered_rung(
    kbps: set[int],
    current: int,
    buffer_s: float,
    piece_s: float,
    speeds: tuple[float | None, float | None, float | None],
    starved: bool,
    policy: type[DynamicPolicy] | type[BriefPolicy],
) -> None:
    ladder = Ladder(tuple(rung(k) for k in sorted(kbps)))
    held = ladder.rungs[current] if current < len(ladder.rungs) else None
    gone = rung(77_777) if current > 10 else held  # dropped from the ladder meanwhile
    context = AdaptationContext(ladder, gone, buffer_s, piece_s, *speeds, starved=starved)
    chooser = policy()
    assert chooser.choose(context) in ladder.rungs
    assert chooser.choose(context) in ladder.rungs


def test_lossless_is_only_taken_when_asked_for() -> None:
    offered = (*LADDER.rungs, rung(900, "fLaC"))
    assert Ladder.of(offered, Quality()) == LADDER
    assert [r.codec for r in Ladder.of(offered, Quality(lossless=True)).rungs] == ["fLaC"]
    assert Ladder.of(LADDER.rungs, Quality(lossless=True)) == LADDER


def test_a_fixed_bitrate_holds_the_nearest_rung_below() -> None:
    assert [r.kbps for r in Ladder.of(LADDER.rungs, Quality(kbps=200)).rungs] == [192]
    assert [r.kbps for r in Ladder.of(LADDER.rungs, Quality(kbps=64)).rungs] == [128]
