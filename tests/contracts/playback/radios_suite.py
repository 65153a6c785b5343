"""What every ``Radios`` must do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from meshkit.faults import NotFound
from meshkit.testing.at_once import at_once
from playback_svc.ports.radios import MOST_TOLD, RadioRequest, Radios
from tests.contracts.playback.samples import new_id


@dataclass(frozen=True, slots=True)
class RadiosUnderTest:
    """Radios of a user who has one, which has three blocks of 20 tracks at least."""

    radios: Radios
    radio_id: str


class RadiosContract:
    """Subclass it with a fixture ``under_test``."""

    @pytest.fixture
    def first(self, under_test: RadiosUnderTest) -> RadioRequest:
        return RadioRequest(under_test.radio_id, new_id(), 1)

    async def test_blocks_have_twenty_tracks_and_none_twice(
        self, under_test: RadiosUnderTest, first: RadioRequest
    ) -> None:
        blocks = [
            await under_test.radios.block(replace(first, number=number)) for number in (1, 2, 3)
        ]
        track_ids = [track_id for block in blocks for track_id in block.track_ids]
        assert len(set(track_ids)) == len(track_ids) == 60
        assert len({block.shown_id for block in blocks}) == 3

    async def test_a_block_is_the_same_whenever_it_is_asked_for(
        self, under_test: RadiosUnderTest, first: RadioRequest
    ) -> None:
        radios = under_test.radios
        block = await radios.block(first)
        second = replace(first, number=2)
        heard = tuple(block.track_ids)
        asked = await at_once(
            radios.block(replace(second, heard=heard[:n], skipped=heard[n:])) for n in range(4)
        )
        assert all(one == asked[0] for one in asked)
        assert await radios.block(second) == asked[0]
        assert await radios.block(first) == block

    async def test_as_much_as_may_be_told_is_taken(
        self, under_test: RadiosUnderTest, first: RadioRequest
    ) -> None:
        told = tuple(new_id() for _ in range(MOST_TOLD))
        block = await under_test.radios.block(replace(first, heard=told, skipped=told))
        assert block.track_ids

    async def test_what_is_no_radio_of_the_user_is_not_found(
        self, under_test: RadiosUnderTest, first: RadioRequest
    ) -> None:
        with pytest.raises(NotFound):
            await under_test.radios.block(replace(first, radio_id=new_id()))
