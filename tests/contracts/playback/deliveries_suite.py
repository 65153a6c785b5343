"""What every ``Deliveries`` must do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from playback_svc.domain.deliveries import Batch, Delivery, Part
from playback_svc.ports.deliveries import Deliveries
from tests.contracts.playback.samples import ASSET, NOW, new_id

MONTH = date(2025, 11, 1)
"""The month of NOW."""
DAY_MS = 24 * 3_600_000


def a_delivery(session_id: str, *numbers: int, **changed: Any) -> Delivery:
    """Whole segments of ten seconds."""
    parts = tuple(Part(number, 10_000, 10_000) for number in numbers)
    return replace(Delivery(session_id, ASSET.descriptor, "128", parts, 1_000), **changed)


def a_batch(*deliveries: Delivery, **changed: Any) -> Batch:
    return replace(Batch(new_id(), NOW, deliveries), **changed)


@dataclass(frozen=True, slots=True)
class DeliveriesUnderTest:
    """No deliveries yet; ``begin`` keeps a session of a user, as Play does, and returns its id."""

    deliveries: Deliveries
    begin: Callable[[str], Awaitable[str]]


class DeliveriesContract:
    """Subclass it with a fixture ``under_test``."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_nothing_was_sent_to_a_session_of_which_nobody_told(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        session = await under_test.begin(user)
        assert await under_test.deliveries.delivered_ms(session, ASSET.descriptor) == 0
        assert await under_test.deliveries.month_bytes(user, MONTH) == 0

    async def test_segments_add_up_for_their_session_and_asset_alone(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries = under_test.deliveries
        session, other = await under_test.begin(user), await under_test.begin(user)
        await deliveries.count(
            a_batch(
                a_delivery(session, 1, 2, 3),
                a_delivery(session, 1, descriptor="f" * 64),
                a_delivery(other, 7),
            ),
            NOW,
        )
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 30_000
        assert await deliveries.delivered_ms(session, "f" * 64) == 10_000
        assert await deliveries.delivered_ms(other, ASSET.descriptor) == 10_000
        assert await deliveries.month_bytes(user, MONTH) == 3_000

    async def test_a_segment_counts_once_in_whatever_rungs_and_batches_it_came(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        whole = a_delivery(session, 1, 2)
        await deliveries.count(a_batch(whole, replace(whole, rung="256")), NOW)
        await deliveries.count(a_batch(whole), NOW)
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 20_000
        assert await deliveries.month_bytes(user, MONTH) == 3_000

    async def test_parts_of_a_segment_add_up_to_the_segment(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        heard = []
        for ms in (2_000, 5_000, 4_000):
            part = a_delivery(session, parts=(Part(1, ms, 10_000),))
            await deliveries.count(a_batch(part), NOW)
            heard.append(await deliveries.delivered_ms(session, ASSET.descriptor))
        assert heard == [2_000, 7_000, 10_000]

    async def test_a_batch_counts_once_however_often_and_how_many_at_once_it_comes(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        part = a_delivery(session, parts=(Part(1, 2_000, 10_000),))
        batch = a_batch(part, a_delivery("a-grant", 1, bytes_sent=7))
        unknown = await asyncio.gather(*(deliveries.count(batch, NOW) for _ in range(6)))
        assert await deliveries.count(batch, NOW) == 0
        assert sorted(unknown) == [0, 0, 0, 0, 0, 7]
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 2_000
        assert await deliveries.month_bytes(user, MONTH) == 1_000

    async def test_batches_of_the_same_sessions_at_once_all_count(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries = under_test.deliveries
        sessions = [await under_test.begin(user) for _ in range(4)]
        batches = [
            a_batch(*(a_delivery(one, number) for one in sessions[:: (-1) ** number]))
            for number in range(1, 9)
        ]
        await asyncio.gather(*(deliveries.count(batch, NOW) for batch in batches))
        for session in sessions:
            assert await deliveries.delivered_ms(session, ASSET.descriptor) == 80_000
        assert await deliveries.month_bytes(user, MONTH) == 32_000

    async def test_of_a_subject_that_nobody_knows_nothing_is_kept(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        stranger = new_id()
        batch = a_batch(a_delivery(stranger, 1, bytes_sent=11), a_delivery(session, 1))
        assert await deliveries.count(batch, NOW) == 11
        assert await deliveries.delivered_ms(stranger, ASSET.descriptor) == 0
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 10_000

    async def test_bytes_belong_to_the_month_in_which_they_were_delivered(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        turn_ms = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp() * 1000)
        for at_ms, count in ((turn_ms - 1, 5), (turn_ms, 6), (NOW, 7)):
            sent = a_delivery(session, bytes_sent=count * 2**40)
            await deliveries.count(a_batch(sent, delivered_at_ms=at_ms), turn_ms)
        months = (date(2025, 10, 1), MONTH, date(2025, 12, 1))
        found = [await deliveries.month_bytes(user, month) for month in months]
        assert found == [0, 12 * 2**40, 6 * 2**40]

    async def test_old_segments_are_dropped_a_batch_at_a_time(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        await deliveries.count(a_batch(a_delivery(session, 1, 2, 3)), NOW)
        await deliveries.count(a_batch(a_delivery(session, 4)), NOW + 1)
        assert [await deliveries.forget_segments(NOW, 2) for _ in range(3)] == [2, 1, 0]
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 10_000
        assert await deliveries.month_bytes(user, MONTH) == 2_000

    async def test_what_was_counted_is_forgotten_a_batch_at_a_time(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        batches = [a_batch(a_delivery(session, 1)) for _ in range(4)]
        for late, batch in enumerate(batches):
            await deliveries.count(batch, NOW + late)
        assert [await deliveries.forget_batches(NOW + 2, 2) for _ in range(3)] == [2, 1, 0]
        await deliveries.count(batches[3], NOW + 9)
        assert await deliveries.month_bytes(user, MONTH) == 4_000

    async def test_a_batch_from_ahead_counts_in_the_month_of_now(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        ahead = a_batch(a_delivery(session, 1), delivered_at_ms=NOW + 40 * DAY_MS)
        await deliveries.count(ahead, NOW)
        assert await deliveries.month_bytes(user, MONTH) == 1_000
        assert await deliveries.delivered_ms(session, ASSET.descriptor) == 10_000

    async def test_that_a_batch_from_ahead_was_counted_is_known_until_its_time(
        self, under_test: DeliveriesUnderTest, user: str
    ) -> None:
        deliveries, session = under_test.deliveries, await under_test.begin(user)
        ahead_ms = NOW + 9 * DAY_MS
        ahead = a_batch(a_delivery(session, 1), delivered_at_ms=ahead_ms)
        await deliveries.count(ahead, NOW)
        assert await deliveries.forget_batches(ahead_ms - 1, 10) == 0
        await deliveries.count(ahead, ahead_ms)
        assert await deliveries.month_bytes(user, MONTH) == 1_000
        assert await deliveries.forget_batches(ahead_ms, 10) == 1
