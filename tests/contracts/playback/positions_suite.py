"""What every ``PositionStore`` must do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playback_svc.domain.liveness import LivePosition
from playback_svc.ports.positions import PositionStore
from tests.contracts.playback.samples import beat, playing


class PositionsContract:
    """Subclass it with a fixture ``positions`` that is empty for every test."""

    @pytest.fixture
    def live(self) -> LivePosition:
        return beat(playing())

    async def test_an_unknown_session_has_no_position(
        self, positions: PositionStore, live: LivePosition
    ) -> None:
        (liveness,) = await positions.get([live.session_id])
        assert liveness.position is None
        assert liveness.since_ms is not None

    async def test_positions_come_back_whole_and_in_order(self, positions: PositionStore) -> None:
        lives = [
            beat(playing(), seq=number, moving=number % 2 == 0, offline=number > 1)
            for number in range(1, 4)
        ]
        await positions.put(lives)
        asked = [live.session_id for live in reversed(lives)]
        asked.insert(1, "01JD4Q8Z7Y1V9K2M5N6P7R8S9T")
        found = [liveness.position for liveness in await positions.get(asked)]
        assert found == [lives[2], None, lives[1], lives[0]]

    async def test_a_higher_seq_stands(self, positions: PositionStore, live: LivePosition) -> None:
        newer = replace(live, seq=10, position_ms=77)
        await positions.put([newer])
        await positions.put([replace(live, seq=9, position_ms=1)])
        assert (await positions.get([live.session_id]))[0].position == newer

    async def test_many_are_put_at_once(self, positions: PositionStore) -> None:
        lives = [beat(playing()) for _ in range(1_203)]
        await positions.put(lives)
        found = await positions.get([live.session_id for live in lives])
        assert [liveness.position for liveness in found] == lives

    async def test_putting_nothing_is_allowed(self, positions: PositionStore) -> None:
        await positions.put([])

    async def test_positions_that_were_erased_are_gone_and_no_others(
        self, positions: PositionStore, live: LivePosition
    ) -> None:
        other = beat(playing())
        await positions.put([live, other])
        await positions.erase([live.session_id, "unknown"])
        await positions.erase([])
        found = await positions.get([live.session_id, other.session_id])
        assert [liveness.position for liveness in found] == [None, other]

    async def test_the_time_since_when_nothing_was_lost_stays(
        self, positions: PositionStore, live: LivePosition
    ) -> None:
        (first,) = await positions.get([live.session_id])
        await positions.put([live])
        (second,) = await positions.get([live.session_id])
        assert first.since_ms == second.since_ms
