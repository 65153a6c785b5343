"""How long an import waits for a catalogue that is away."""

from __future__ import annotations

import pytest

from meshkit.faults import DeadlineExceeded, Fault, InvalidArgument, Unavailable
from playlist_svc.adapters.grpc.matching import RetryingCatalogue, RetryingMatching, RetryPolicy
from playlist_svc.ports.matching import Description


class Away:
    """A matching and a catalogue that raise what they are given, then answer nothing."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.asked = 0

    async def match(self, descriptions: object) -> list[object]:
        return self._answer()

    async def tracks(self, track_ids: object) -> list[object]:
        return self._answer()

    def _answer(self) -> list[object]:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return []


def retries() -> RetryPolicy:
    return RetryPolicy(attempts=3, first_wait_s=0)


async def test_what_is_away_for_a_moment_is_asked_again() -> None:
    away = Away(Unavailable("away"), DeadlineExceeded("late"))

    assert await RetryingMatching(away, retries()).match([Description("a")]) == []  # type: ignore[arg-type]
    assert away.asked == 3


@pytest.mark.parametrize("fault", [Unavailable("away"), DeadlineExceeded("late")])
async def test_what_stays_away_is_unavailable_after_the_last_try(fault: Fault) -> None:
    away = Away(*[fault] * 9)

    with pytest.raises(Unavailable):
        await RetryingCatalogue(away, retries()).tracks(["a"])  # type: ignore[arg-type]
    assert away.asked == 3


async def test_any_other_fault_is_told_at_once() -> None:
    away = Away(InvalidArgument("wrong"))

    with pytest.raises(InvalidArgument):
        await RetryingMatching(away, retries()).match([])  # type: ignore[arg-type]
    assert away.asked == 1
