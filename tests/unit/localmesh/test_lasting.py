"""Times are told in two units at most."""

from __future__ import annotations

import pytest

from localmesh.lasting import lasting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (1318.2, "21m58s"),
        (3_599, "59m59s"),
        (3_600, "1h00m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (400 * 86_400 + 5 * 3_600, "400d05h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
